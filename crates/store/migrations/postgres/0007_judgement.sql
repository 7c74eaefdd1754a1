-- What supervision keeps of a task, as JSON: its latest verdict, and how often it was sent back.
ALTER TABLE tasks ADD COLUMN supervised TEXT NOT NULL DEFAULT '{}';

-- Each verdict that left the work to a person or to the policy, and what they did in the end. Confidence is measured
-- against it, and trust comes from it.
CREATE TABLE verdicts (
  task TEXT NOT NULL,
  attempt BIGINT NOT NULL,
  project TEXT NOT NULL,
  repo TEXT NOT NULL,
  agent TEXT NOT NULL,
  commit_id TEXT,
  decision TEXT NOT NULL,
  raw DOUBLE PRECISION NOT NULL,
  confidence DOUBLE PRECISION NOT NULL,
  at BIGINT NOT NULL,
  settled TEXT CHECK (settled = 'approved' OR settled = 'sent_back' OR settled = 'discarded' OR settled = 'reverted' OR settled = 'by_policy' OR settled = 'superseded'),
  settled_at BIGINT,
  PRIMARY KEY (task, attempt),
  CHECK ((settled IS NULL) = (settled_at IS NULL))
);
CREATE INDEX verdicts_settled ON verdicts (settled_at) WHERE settled IS NOT NULL;
CREATE INDEX verdicts_of_agent ON verdicts (project, repo, agent, settled_at) WHERE settled IS NOT NULL;

-- How often a person said that a rule of the policy was wrong to ask.
CREATE TABLE alarms (
  project TEXT NOT NULL,
  repo TEXT NOT NULL,
  rule TEXT NOT NULL,
  n BIGINT NOT NULL CHECK (n > 0),
  PRIMARY KEY (project, repo, rule)
);
