-- What was found of tasks when they were over, and which of them are still to be looked back on: those have `due_at`.
CREATE TABLE hindsights (
  task TEXT PRIMARY KEY,
  project TEXT NOT NULL,
  due_at INTEGER,
  found TEXT,
  found_at INTEGER,
  CHECK (due_at IS NOT NULL OR found IS NOT NULL),
  CHECK ((found IS NULL) = (found_at IS NULL))
) STRICT;
CREATE INDEX hindsights_due ON hindsights (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX hindsights_of_project ON hindsights (project, found_at) WHERE found IS NOT NULL;
