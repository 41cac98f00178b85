-- Who people are at providers, and sign-ins there that are under way. The key of an identity is
-- (issuer, subject), whatever name the provider has in the settings.

CREATE TABLE identities (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  provider TEXT NOT NULL,
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  name TEXT NOT NULL,
  email TEXT,
  sealed_refresh_token BLOB,
  created_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL,
  UNIQUE (issuer, subject)
);
CREATE INDEX identities_by_user ON identities (user_id, id);

CREATE TABLE login_states (
  key BLOB PRIMARY KEY,
  provider TEXT NOT NULL,
  browser BLOB NOT NULL,
  sealed BLOB NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX login_states_by_expiry ON login_states (expires_at);

-- As codes, these have no foreign keys: whoever redeems one looks for its person.
CREATE TABLE login_codes (
  key BLOB PRIMARY KEY,
  provider TEXT NOT NULL,
  user_id BIGINT NOT NULL,
  client_id TEXT,
  challenge TEXT,
  methods TEXT NOT NULL,
  new_user INTEGER NOT NULL,
  jti TEXT NOT NULL,
  authenticated_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  redeemed_at BIGINT
);
CREATE INDEX login_codes_by_user ON login_codes (user_id);
CREATE INDEX login_codes_by_expiry ON login_codes (expires_at);

-- What may be presented once, until it expires by itself.
CREATE TABLE replays (
  key BLOB PRIMARY KEY,
  expires_at BIGINT NOT NULL
);
CREATE INDEX replays_by_expiry ON replays (expires_at);

CREATE TABLE data_deletion_requests (
  code TEXT PRIMARY KEY,
  provider TEXT NOT NULL,
  asked_at BIGINT NOT NULL,
  done_at BIGINT,
  expires_at BIGINT NOT NULL
);
CREATE INDEX data_deletion_requests_by_expiry ON data_deletion_requests (expires_at);
