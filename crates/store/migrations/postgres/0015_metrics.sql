-- What was spent, by the hour in which it was; moves in the transaction of the event that tells of it. Some rows an hour,
-- whatever the history.
CREATE TABLE spending (
  hour BIGINT NOT NULL,
  project TEXT NOT NULL,
  agent TEXT NOT NULL,
  kind TEXT NOT NULL,
  runs BIGINT NOT NULL,
  accepted BIGINT NOT NULL,
  tokens_input BIGINT NOT NULL,
  tokens_output BIGINT NOT NULL,
  tokens_cached BIGINT NOT NULL,
  cost_usd DOUBLE PRECISION NOT NULL,
  charged_usd DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (hour, project, agent, kind)
);
-- What was spent before, as of the beginning of each run; what is accepted is counted from now on.
INSERT INTO spending
SELECT runs.started_at / 3600000, runs.project, runs.agent, tasks.kind, COUNT(*), 0, CAST(SUM(runs.tokens_input) AS BIGINT),
  CAST(SUM(runs.tokens_output) AS BIGINT), CAST(SUM(runs.tokens_cached) AS BIGINT),
  SUM(CASE WHEN runs.billing = 'local' OR runs.billing = 'none' THEN 0.0 ELSE runs.cost_usd END),
  SUM(CASE WHEN runs.billing = 'key' THEN runs.cost_usd ELSE 0.0 END)
FROM runs JOIN tasks ON tasks.id = runs.task
GROUP BY runs.started_at / 3600000, runs.project, runs.agent, tasks.kind;
