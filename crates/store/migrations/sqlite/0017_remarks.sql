-- What people say about lines of a task's work, until it is sent back with it, and after.
CREATE TABLE remarks (
  task TEXT NOT NULL REFERENCES tasks (id),
  id TEXT NOT NULL,
  key TEXT,
  commit_id TEXT NOT NULL,
  file TEXT NOT NULL,
  side TEXT NOT NULL CHECK (side IN ('old', 'new', 'plan')),
  line INTEGER NOT NULL,
  last_line INTEGER NOT NULL,
  text TEXT NOT NULL,
  quote TEXT NOT NULL,
  actor TEXT NOT NULL,
  at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  sent INTEGER,
  PRIMARY KEY (task, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX remarks_by_key ON remarks (task, key) WHERE key IS NOT NULL;
