-- What ended runs took, as counts of sizes: the same room after a million runs as after a thousand. Kept in the
-- transaction that ends a run (`domain::estimate` says what a bucket is).
CREATE TABLE experience (
  project TEXT NOT NULL,
  agent TEXT NOT NULL,
  kind TEXT NOT NULL,
  complexity TEXT NOT NULL,
  measure TEXT NOT NULL CHECK (measure = 'duration' OR measure = 'tokens'),
  bucket INTEGER NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (project, agent, kind, complexity, measure, bucket)
) STRICT, WITHOUT ROWID;

-- How long the runs of a project took, by the day (UTC) they ended on; fairness looks at the latest.
CREATE TABLE project_use (
  day INTEGER NOT NULL,
  project TEXT NOT NULL,
  ms INTEGER NOT NULL,
  PRIMARY KEY (day, project)
) STRICT, WITHOUT ROWID;
