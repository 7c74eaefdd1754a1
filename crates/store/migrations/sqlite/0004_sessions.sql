-- Tasks that are asked once, and those that a person takes over.
ALTER TABLE tasks ADD COLUMN once INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN next_hands_on INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN hands_on INTEGER NOT NULL DEFAULT 0;
CREATE INDEX tasks_by_session ON tasks (session) WHERE session IS NOT NULL;
CREATE INDEX runs_by_session ON runs (session) WHERE session IS NOT NULL;

-- Sessions that people started by hand, as the agents' own logs tell them. `reading` is what the next lines are
-- read with, `read_to` how far the log was read, `head` the hash of how it begins: another one is another log.
CREATE TABLE sessions (
  agent TEXT NOT NULL,
  log TEXT NOT NULL,
  session TEXT,
  task TEXT,
  run TEXT,
  title TEXT,
  model TEXT,
  directory TEXT,
  tokens_input INTEGER NOT NULL,
  tokens_output INTEGER NOT NULL,
  tokens_cached INTEGER NOT NULL,
  cost_usd REAL NOT NULL,
  started_at INTEGER,
  updated_at INTEGER NOT NULL,
  reading TEXT NOT NULL,
  read_to INTEGER NOT NULL,
  head TEXT NOT NULL,
  PRIMARY KEY (agent, log)
) STRICT;
CREATE INDEX sessions_by_time ON sessions (updated_at);
