-- The first schema. Moments are whole microseconds since 1970 (UTC). Keys of codes, tokens and
-- grants begin with the moment of their making, so that new rows lie side by side: inserts touch
-- the newest pages only, and the cleaner walks from the oldest on, without an index by expiry.

CREATE TABLE users (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subject TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  email TEXT,
  email_key TEXT UNIQUE,
  email_verified_at BIGINT,
  administrator INTEGER NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  disabled_at BIGINT
);

CREATE TABLE passwords (
  user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  hash TEXT NOT NULL,
  changed_at BIGINT NOT NULL
);

CREATE TABLE sessions (
  key BYTEA PRIMARY KEY,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at BIGINT NOT NULL,
  authenticated_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  methods TEXT NOT NULL,
  address TEXT NOT NULL,
  agent TEXT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE email_tokens (
  key BYTEA PRIMARY KEY,
  purpose TEXT NOT NULL,
  email TEXT NOT NULL,
  user_id BIGINT REFERENCES users (id) ON DELETE CASCADE,
  payload BYTEA NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX email_tokens_by_email ON email_tokens (email, purpose);
CREATE INDEX email_tokens_by_expiry ON email_tokens (expires_at);
CREATE INDEX email_tokens_by_user ON email_tokens (user_id);

CREATE TABLE throttles (
  key BYTEA PRIMARY KEY,
  hits BIGINT NOT NULL,
  resets_at BIGINT NOT NULL
);
CREATE INDEX throttles_by_reset ON throttles (resets_at);

CREATE TABLE clients (
  id TEXT PRIMARY KEY,
  revision BIGINT NOT NULL,
  owner_id BIGINT REFERENCES users (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  homepage_uri TEXT NOT NULL,
  policy_uri TEXT NOT NULL,
  tos_uri TEXT NOT NULL,
  redirect_uris TEXT NOT NULL,
  scope TEXT NOT NULL,
  grant_types TEXT NOT NULL,
  response_types TEXT NOT NULL,
  public INTEGER NOT NULL,
  strict INTEGER NOT NULL,
  first_party INTEGER NOT NULL,
  resource_server INTEGER NOT NULL,
  token_format TEXT NOT NULL,
  id_token_alg TEXT NOT NULL,
  secret BYTEA,
  previous_secret BYTEA,
  previous_secret_expires_at BIGINT,
  created_at BIGINT NOT NULL,
  disabled_at BIGINT
);
CREATE INDEX clients_by_owner ON clients (owner_id, id);

CREATE TABLE client_logos (
  client_id TEXT PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE,
  media_type TEXT NOT NULL,
  data BYTEA NOT NULL
);

CREATE TABLE authorization_requests (
  key BYTEA PRIMARY KEY,
  client_id TEXT NOT NULL,
  parameters TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX authorization_requests_by_expiry ON authorization_requests (expires_at);

CREATE TABLE consents (
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  scope TEXT NOT NULL,
  granted_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (user_id, client_id)
);
CREATE INDEX consents_by_client ON consents (client_id);

-- Codes and tokens have no foreign keys: a reader joins client, family and person, and what has
-- lost one of them is dead at once; the cleaner takes the row when its time has passed.
CREATE TABLE grants (
  id BYTEA PRIMARY KEY,
  client_id TEXT NOT NULL,
  user_id BIGINT NOT NULL,
  scope TEXT NOT NULL,
  methods TEXT NOT NULL,
  authenticated_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT
);
CREATE INDEX grants_by_user ON grants (user_id, client_id);

CREATE TABLE codes (
  key BYTEA PRIMARY KEY,
  grant_id BYTEA NOT NULL,
  redirect_uri TEXT,
  challenge TEXT,
  nonce TEXT,
  expires_at BIGINT NOT NULL,
  redeemed_at BIGINT
);

CREATE TABLE refresh_tokens (
  key BYTEA PRIMARY KEY,
  grant_id BYTEA NOT NULL,
  issued_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  spent_at BIGINT,
  successor_nonce BYTEA
);

CREATE TABLE access_tokens (
  key BYTEA PRIMARY KEY,
  client_id TEXT NOT NULL,
  grant_id BYTEA,
  user_id BIGINT,
  scope TEXT NOT NULL,
  issued_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);

CREATE TABLE revoked_jwts (
  jti TEXT PRIMARY KEY,
  expires_at BIGINT NOT NULL
);
CREATE INDEX revoked_jwts_by_expiry ON revoked_jwts (expires_at);

-- A key has one successor: of processes that rotate at once, one wins.
CREATE TABLE signing_keys (
  kid TEXT PRIMARY KEY,
  algorithm TEXT NOT NULL,
  replaces TEXT NOT NULL,
  public_jwk TEXT NOT NULL,
  sealed_private BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  active_at BIGINT NOT NULL,
  retires_at BIGINT,
  UNIQUE (algorithm, replaces)
);

CREATE TABLE mails (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sealed BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  attempts INTEGER NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX mails_by_due ON mails (due_at);
CREATE INDEX mails_by_expiry ON mails (expires_at);

CREATE TABLE events (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  user_id BIGINT,
  client_id TEXT,
  address TEXT NOT NULL,
  detail TEXT NOT NULL
);
CREATE INDEX events_by_user ON events (user_id, id);

CREATE TABLE leases (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);
