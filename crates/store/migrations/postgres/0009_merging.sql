-- Where a task's landing stands, who changes the same files, how often it seemed stuck, and whom it lets go first.
ALTER TABLE tasks ADD COLUMN landing TEXT NOT NULL DEFAULT '{}';
ALTER TABLE tasks ADD COLUMN collisions TEXT NOT NULL DEFAULT '[]';
ALTER TABLE tasks ADD COLUMN stuck TEXT NOT NULL DEFAULT '{"times":0}';
ALTER TABLE tasks ADD COLUMN yields_to TEXT;
CREATE INDEX tasks_yielding ON tasks (yields_to) WHERE yields_to IS NOT NULL;

-- Whose work a commit on a branch is.
CREATE INDEX tasks_by_commit ON tasks (commit_id) WHERE state = 'completed';
CREATE INDEX runs_by_commit ON runs (commit_id) WHERE commit_id IS NOT NULL;
