-- Tokens that the operator gives out so that applications may register themselves (RFC 7591, 1.2).
CREATE TABLE registration_tokens (
  key BLOB PRIMARY KEY,
  label TEXT NOT NULL,
  uses_left BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX registration_tokens_by_expiry ON registration_tokens (expires_at);

-- Applications that registered without anybody's leave: one that nobody ever allowed anything
-- goes when its time has come.
CREATE TABLE unused_clients (
  client_id TEXT PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE,
  expires_at BIGINT NOT NULL
);
CREATE INDEX unused_clients_by_expiry ON unused_clients (expires_at);
