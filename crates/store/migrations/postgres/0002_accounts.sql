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
  off BIGINT NOT NULL CHECK (off BETWEEN 0 AND 1),
  rests TEXT NOT NULL
);

CREATE TABLE windows (
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status = 'allowed' OR status = 'warning' OR status = 'rejected'),
  utilization DOUBLE PRECISION,
  resets_at BIGINT,
  seen_at BIGINT NOT NULL,
  seen_by TEXT,
  seen_from DOUBLE PRECISION,
  per_run DOUBLE PRECISION,
  alerted TEXT CHECK (alerted = 'low' OR alerted = 'threshold'),
  PRIMARY KEY (account, name),
  CHECK ((seen_by IS NULL) = (seen_from IS NULL))
);

-- One row for each visible change of a window, to plot; pruned by the janitor.
CREATE TABLE window_history (
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  at BIGINT NOT NULL,
  utilization DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (account, name, at)
);
CREATE INDEX window_history_by_age ON window_history (at);
