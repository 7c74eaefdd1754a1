-- What agents ask people, hand on, and leave for later runs.

-- As JSON, as `checks` is. What waits for an answer has a question.
ALTER TABLE tasks ADD COLUMN questions TEXT NOT NULL DEFAULT '[]'
  CHECK (waiting_for IS NULL OR waiting_for <> 'breakpoint' OR questions <> '[]');

-- The run that handed a task on; all or none.
ALTER TABLE tasks ADD COLUMN parent TEXT;
ALTER TABLE tasks ADD COLUMN parent_run TEXT;
ALTER TABLE tasks ADD COLUMN depth INTEGER
  CHECK ((parent IS NULL) = (depth IS NULL) AND (parent_run IS NULL) = (depth IS NULL) AND (depth IS NULL OR depth BETWEEN 1 AND 2));
CREATE INDEX tasks_of_run ON tasks (parent_run) WHERE parent_run IS NOT NULL;

-- The project's memory: every version that is kept of every entry. An empty text is an entry that was removed.
CREATE TABLE memory (
  project TEXT NOT NULL,
  repo TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL CHECK (version >= 1),
  text TEXT NOT NULL,
  actor TEXT NOT NULL,
  task TEXT,
  at INTEGER NOT NULL,
  PRIMARY KEY (project, repo, name, version)
) STRICT, WITHOUT ROWID;
