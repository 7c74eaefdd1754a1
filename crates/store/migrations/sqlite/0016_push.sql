-- Browsers that are told when something needs a person.
CREATE TABLE push_subscriptions (
  endpoint TEXT PRIMARY KEY,
  person TEXT NOT NULL,
  p256dh TEXT NOT NULL,
  auth TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- Alerts that a person does not want to see any more, until they would be over anyway.
CREATE TABLE dismissed_alerts (
  alert TEXT PRIMARY KEY,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
