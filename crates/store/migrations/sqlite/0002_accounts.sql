-- Accounts: what is known of each, and what its windows were like over time. Which accounts there are is the
-- configuration's; a row is made when something is first known.
ALTER TABLE runs ADD COLUMN account TEXT;
UPDATE runs SET account = agent;
CREATE INDEX runs_of_account ON runs (account, started_at);
-- What a project cost this month.
CREATE INDEX runs_of_project ON runs (project, started_at);
CREATE INDEX runs_live_of_account ON runs (account) WHERE outcome IS NULL;

CREATE TABLE accounts (
  name TEXT PRIMARY KEY,
  off INTEGER NOT NULL CHECK (off BETWEEN 0 AND 1),
  rests TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE windows (
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status = 'allowed' OR status = 'warning' OR status = 'rejected'),
  utilization REAL,
  resets_at INTEGER,
  seen_at INTEGER NOT NULL,
  seen_by TEXT,
  seen_from REAL,
  per_run REAL,
  alerted TEXT CHECK (alerted = 'low' OR alerted = 'threshold'),
  PRIMARY KEY (account, name),
  CHECK ((seen_by IS NULL) = (seen_from IS NULL))
) STRICT, WITHOUT ROWID;

-- One row for each visible change of a window, to plot; pruned by the janitor.
CREATE TABLE window_history (
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  at INTEGER NOT NULL,
  utilization REAL NOT NULL,
  PRIMARY KEY (account, name, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX window_history_by_age ON window_history (at);
