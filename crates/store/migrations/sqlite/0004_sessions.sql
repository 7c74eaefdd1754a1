-- Tasks that are asked once, and those that a person takes over.
ALTER TABLE tasks ADD COLUMN once INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN next_hands_on INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN hands_on INTEGER NOT NULL DEFAULT 0;
CREATE INDEX tasks_by_session ON tasks (session) WHERE session IS NOT NULL;
CREATE INDEX runs_by_session ON runs (session) WHERE session IS NOT NULL;

-- Sessions that people started by hand, as the agents' own logs tell them. `reading` is what is known so far and what
-- the next lines are read with, as JSON; `read_to` how far the log was read; `head` a hash of its first line: another
-- one is another log.
CREATE TABLE sessions (
  agent TEXT NOT NULL,
  log TEXT NOT NULL,
  session TEXT,
  updated_at INTEGER NOT NULL,
  reading TEXT NOT NULL,
  read_to INTEGER NOT NULL,
  head TEXT NOT NULL,
  PRIMARY KEY (agent, log)
) STRICT;
CREATE INDEX sessions_by_time ON sessions (updated_at);
