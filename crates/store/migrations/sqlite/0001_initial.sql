-- The log. `seq` is global and gapless, in the order of commits: it is taken from `log_head` in the
-- writer's transaction, never from the engine's own counters, which leave gaps and commit out of order.
CREATE TABLE log_head (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL) STRICT;
INSERT INTO log_head (id, seq) VALUES (1, 0);

CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  task TEXT NOT NULL,
  run TEXT,
  attempt INTEGER,
  kind TEXT NOT NULL,
  version INTEGER NOT NULL,
  actor TEXT NOT NULL,
  at INTEGER NOT NULL,
  payload TEXT NOT NULL
) STRICT;
CREATE INDEX events_of_task ON events (task, seq);

-- Lists of words are spelled with OR: SQLite builds a table for every IN of a CHECK, at every write,
-- which was more than half of the cost of a write.

-- A task and all that is shown of it in a list. Each state has a paragraph in `domain::task`.
CREATE TABLE tasks (
  id TEXT PRIMARY KEY,
  short TEXT NOT NULL,
  project TEXT NOT NULL,
  repo TEXT NOT NULL,
  text TEXT NOT NULL,
  priority INTEGER NOT NULL CHECK (priority BETWEEN 1 AND 9),
  agent TEXT NOT NULL,
  model TEXT,
  scenario TEXT,
  isolation TEXT NOT NULL CHECK (isolation = 'sandbox' OR isolation = 'none'),
  base TEXT,
  key TEXT,
  title TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state = 'queued' OR state = 'running' OR state = 'waiting' OR state = 'review' OR state = 'completed' OR state = 'failed' OR state = 'cancelled'),
  waiting_for TEXT CHECK (waiting_for = 'dependency' OR waiting_for = 'credits' OR waiting_for = 'breakpoint' OR waiting_for = 'host' OR waiting_for = 'budget' OR waiting_for = 'retry' OR waiting_for = 'landing'),
  waiting_until INTEGER,
  attempt INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  stopping INTEGER NOT NULL,
  branch TEXT NOT NULL,
  base_branch TEXT,
  base_commit TEXT,
  commit_id TEXT,
  next_workspace TEXT,
  next_from TEXT,
  next_resume TEXT,
  next_feedback TEXT,
  session TEXT,
  summary TEXT,
  reason TEXT,
  diff_files INTEGER,
  diff_insertions INTEGER,
  diff_deletions INTEGER,
  checks TEXT NOT NULL,
  warnings TEXT NOT NULL,
  tokens_input INTEGER NOT NULL,
  tokens_output INTEGER NOT NULL,
  tokens_cached INTEGER NOT NULL,
  cost_usd REAL NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER,
  CHECK ((state = 'waiting') = (waiting_for IS NOT NULL)),
  CHECK ((state = 'completed' OR state = 'failed' OR state = 'cancelled') = (ended_at IS NOT NULL)),
  CHECK (stopping = 0 OR state = 'running')
) STRICT;
CREATE UNIQUE INDEX tasks_key ON tasks (key) WHERE key IS NOT NULL;
CREATE INDEX tasks_short ON tasks (short);
CREATE INDEX tasks_by_state ON tasks (state, id);
CREATE INDEX tasks_by_project ON tasks (project, id);
-- Partial, so that dispatch costs the same with a million finished tasks as with none.
CREATE INDEX tasks_queued ON tasks (priority, id) WHERE state = 'queued';
CREATE INDEX tasks_due ON tasks (waiting_until) WHERE state = 'waiting';

-- How many tasks are in each state, kept so that nobody has to count a million rows.
CREATE TABLE task_counts (state TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT;
INSERT INTO task_counts (state, n) VALUES
  ('queued', 0), ('running', 0), ('waiting', 0), ('review', 0), ('completed', 0), ('failed', 0), ('cancelled', 0);

CREATE TABLE runs (
  id TEXT PRIMARY KEY,
  task TEXT NOT NULL REFERENCES tasks (id),
  project TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  agent TEXT NOT NULL,
  model TEXT,
  isolation TEXT NOT NULL,
  workspace TEXT NOT NULL,
  stage TEXT CHECK (stage = 'preparing' OR stage = 'setup' OR stage = 'agent' OR stage = 'collecting' OR stage = 'checking'),
  outcome TEXT CHECK (outcome = 'succeeded' OR outcome = 'failed' OR outcome = 'limited' OR outcome = 'stopped' OR outcome = 'timed_out' OR outcome = 'lost'),
  feedback TEXT,
  resume TEXT,
  session TEXT,
  billing TEXT,
  base_commit TEXT,
  commit_id TEXT,
  diff_files INTEGER,
  diff_insertions INTEGER,
  diff_deletions INTEGER,
  tokens_input INTEGER NOT NULL,
  tokens_output INTEGER NOT NULL,
  tokens_cached INTEGER NOT NULL,
  cost_usd REAL NOT NULL,
  summary TEXT,
  reason TEXT,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  lease_owner TEXT,
  lease_until INTEGER,
  UNIQUE (task, attempt),
  CHECK ((outcome IS NULL) <> (stage IS NULL)),
  CHECK ((outcome IS NULL) = (ended_at IS NULL))
) STRICT;
CREATE INDEX runs_live ON runs (project, id) WHERE outcome IS NULL;
-- One live attempt of a task, whatever the code above believes.
CREATE UNIQUE INDEX runs_one_live ON runs (task) WHERE outcome IS NULL;

-- How far the output of each job of a run was read; moves in the transaction that stores its events.
CREATE TABLE spools (
  run TEXT NOT NULL,
  job TEXT NOT NULL,
  read_to INTEGER NOT NULL,
  PRIMARY KEY (run, job)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoints (
  task TEXT NOT NULL,
  name TEXT NOT NULL,
  commit_id TEXT NOT NULL,
  attempt INTEGER,
  at INTEGER NOT NULL,
  PRIMARY KEY (task, name)
) STRICT, WITHOUT ROWID;

-- What must go out: merges today, pull requests and notifications later. Enqueued in the transaction
-- of the event that causes it; done at least once, with an effect that may be repeated.
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY,
  task TEXT NOT NULL,
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,
  tries INTEGER NOT NULL,
  not_before INTEGER NOT NULL,
  claimed_by TEXT,
  claimed_until INTEGER
) STRICT;
CREATE INDEX outbox_due ON outbox (not_before);
