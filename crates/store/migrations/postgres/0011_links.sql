-- Links that answered a question, until they would have expired anyway.
CREATE TABLE used_links (
  nonce TEXT PRIMARY KEY,
  until BIGINT NOT NULL
);
