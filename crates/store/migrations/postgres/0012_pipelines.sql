-- The steps a task is done in, how far it is, and whom it races with.
ALTER TABLE tasks ADD COLUMN pipeline TEXT NOT NULL DEFAULT '[]';
ALTER TABLE tasks ADD COLUMN progress TEXT NOT NULL DEFAULT '{}';
ALTER TABLE tasks ADD COLUMN race TEXT;
CREATE INDEX tasks_racing ON tasks (race) WHERE race IS NOT NULL;
