-- What sort of work a task is, when it is to be done, and what it waits for.
ALTER TABLE tasks ADD COLUMN kind TEXT NOT NULL DEFAULT 'implementation';
ALTER TABLE tasks ADD COLUMN complexity TEXT NOT NULL DEFAULT 'medium';
ALTER TABLE tasks ADD COLUMN gpu BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN deadline BIGINT;
ALTER TABLE tasks ADD COLUMN after_tasks TEXT NOT NULL DEFAULT '[]';

-- The same dependencies once more, to be found from the other end: whoever ends wakes those that waited for it.
CREATE TABLE dependencies (
  task TEXT NOT NULL REFERENCES tasks (id),
  after TEXT NOT NULL REFERENCES tasks (id),
  PRIMARY KEY (task, after)
);
CREATE INDEX dependencies_by_after ON dependencies (after);
