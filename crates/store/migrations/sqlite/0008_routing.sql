-- Who chose a task's agent, how its nature and its project are known, why a run's agent was taken, and what became of
-- agents' work.
ALTER TABLE tasks ADD COLUMN agent_by TEXT NOT NULL DEFAULT 'person';
ALTER TABLE tasks ADD COLUMN classified TEXT NOT NULL DEFAULT '{}';
ALTER TABLE tasks ADD COLUMN found TEXT;
ALTER TABLE runs ADD COLUMN receipt TEXT;

-- What became of the work of each agent and model, by project and kind; moves with the events that judge it.
CREATE TABLE records (
  project TEXT NOT NULL,
  kind TEXT NOT NULL,
  agent TEXT NOT NULL,
  model TEXT NOT NULL,
  accepted INTEGER NOT NULL,
  sent_back INTEGER NOT NULL,
  discarded INTEGER NOT NULL,
  cost_usd REAL NOT NULL,
  PRIMARY KEY (project, kind, agent, model)
) STRICT, WITHOUT ROWID;
