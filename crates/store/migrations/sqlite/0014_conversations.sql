-- Conversations with the brain. What changes is in the log, too, under the conversation's own id; these are what is shown.
CREATE TABLE conversations (
  id TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  owner TEXT NOT NULL,
  -- What was said before the messages that a model is shown as they are, and how many it stands for.
  summary TEXT NOT NULL,
  summed INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX conversations_latest ON conversations (updated_at, id);
CREATE INDEX conversations_of_owner ON conversations (owner, updated_at, id);

CREATE TABLE messages (
  id TEXT PRIMARY KEY,
  conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  place INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state = 'pending' OR state = 'complete' OR state = 'failed'),
  -- In lower case, so that both engines find it alike.
  words TEXT NOT NULL,
  message TEXT NOT NULL,
  key TEXT,
  UNIQUE (conversation, place)
) STRICT;
CREATE INDEX messages_pending ON messages (id) WHERE state = 'pending';
CREATE UNIQUE INDEX messages_key ON messages (key) WHERE key IS NOT NULL;

-- What happened today is asked about without looking at all that ever ended.
CREATE INDEX tasks_ended ON tasks (ended_at, id) WHERE ended_at IS NOT NULL;
