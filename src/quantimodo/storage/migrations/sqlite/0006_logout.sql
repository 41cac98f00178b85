-- Which applications a browser session signed its person in to, so that they are told when it ends.
-- `sid` is the session's public name: it stays when the cookie, and with it the key, is renewed.

ALTER TABLE sessions ADD COLUMN sid TEXT NOT NULL DEFAULT '';
UPDATE sessions SET sid = lower(hex(randomblob(16)));
CREATE INDEX sessions_by_sid ON sessions (sid);

-- No foreign keys: whoever is to be told is told, also of a person who was deleted. `due_at` is
-- NULL while the session lives; `expires_at` is the session's own limit.
CREATE TABLE session_clients (
  sid TEXT NOT NULL,
  client_id TEXT NOT NULL,
  user_id BIGINT NOT NULL,
  subject TEXT NOT NULL,
  at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  due_at BIGINT,
  attempts INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (sid, client_id)
) WITHOUT ROWID;
CREATE INDEX session_clients_by_due ON session_clients (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX session_clients_by_expiry ON session_clients (expires_at);

-- The session in which an authorization by OpenID Connect was given; NULL for all others.
ALTER TABLE grants ADD COLUMN sid TEXT;
CREATE INDEX grants_by_sid ON grants (sid) WHERE sid IS NOT NULL;
