-- The initial schema.
--
-- Timestamps (`..._at`) are whole microseconds since 1970-01-01 UTC.
-- Flags are 0 or 1. Lists in one text are separated by spaces, or by line feeds in `clients`.
-- Values in `sealed...` columns are encrypted with the server's key.
-- Keys of codes, tokens and grants are digests that begin with the time of creation: inserts touch
-- the newest pages, and cleanup reads from the oldest row on without an index by expiry.
-- `network` is a keyed digest of the address that stored a row, and `stored_bytes` the size that
-- counts in its storage budget.

-- ------------------------------------------------------------------------------------ accounts

-- People with an account; `email_key` is the address in NFC and lower case, compared exactly.
-- `deletes_at` is set when the person closed the account: it is deleted then, and 0 says that its
-- deletion has begun.
CREATE TABLE users (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  subject TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  email TEXT,
  email_key TEXT UNIQUE,
  email_verified_at BIGINT,
  administrator INTEGER NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  disabled_at BIGINT,
  deletes_at BIGINT
);
CREATE INDEX users_by_deletion ON users (deletes_at) WHERE deletes_at IS NOT NULL;

-- Password hashes, in a separate table so that queries for a person do not read them.
-- `set_by_link`: it was set by an e-mailed link, and no sign-in with a second factor came since.
CREATE TABLE passwords (
  user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  hash TEXT NOT NULL,
  changed_at BIGINT NOT NULL,
  set_by_link INTEGER NOT NULL DEFAULT 0
);

-- Passkeys (Web Authentication): public keys by which people sign in. `rp_id` is the host of the
-- issuer when the passkey was added: it works for that host only. `transports` are the browser's,
-- `sign_count` is the counter of the last use, and `backed_up` whether it was synced then.
CREATE TABLE passkeys (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  credential_id BLOB NOT NULL UNIQUE,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  rp_id TEXT NOT NULL,
  public_key BLOB NOT NULL,
  sign_count BIGINT NOT NULL,
  name TEXT NOT NULL,
  transports TEXT NOT NULL,
  aaguid TEXT NOT NULL,
  backup_eligible INTEGER NOT NULL,
  backed_up INTEGER NOT NULL,
  created_at BIGINT NOT NULL,
  used_at BIGINT
);
CREATE INDEX passkeys_by_user ON passkeys (user_id, id);

-- Challenges of passkeys that were used (their digests), so that none is used twice.
CREATE TABLE used_challenges (
  digest BLOB PRIMARY KEY,
  expires_at BIGINT NOT NULL
);
CREATE INDEX used_challenges_by_expiry ON used_challenges (expires_at);

-- Profile claims of OpenID Connect besides name and e-mail address, as one JSON document.
CREATE TABLE profiles (
  user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  claims TEXT NOT NULL,
  updated_at BIGINT NOT NULL
);

-- Which optional e-mails a person gets; `summary_at`: when the next weekly summary is due, if any.
CREATE TABLE email_choices (
  user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  first_read INTEGER NOT NULL,
  application INTEGER NOT NULL,
  summary_at BIGINT
);
CREATE INDEX email_choices_by_summary ON email_choices (summary_at);

-- Pairwise subject identifiers, one per person and sector (OpenID Connect Core §8.1).
CREATE TABLE pairwise_subjects (
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  sector TEXT NOT NULL,
  subject TEXT NOT NULL UNIQUE,
  PRIMARY KEY (user_id, sector)
);

-- Browser sessions; `sid` is the public identifier, which stays the same when the cookie (and with
-- it `key`) is renewed.
CREATE TABLE sessions (
  key BLOB PRIMARY KEY,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at BIGINT NOT NULL,
  authenticated_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  methods TEXT NOT NULL,
  address TEXT NOT NULL,
  agent TEXT NOT NULL,
  sid TEXT NOT NULL DEFAULT ''
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE INDEX sessions_by_sid ON sessions (sid);

-- The session at a provider from which a session began; `provider_sid` is the provider's name of it,
-- empty if it gives none. `expires_at` is the expiry of the session.
CREATE TABLE provider_sessions (
  sid TEXT PRIMARY KEY,
  provider TEXT NOT NULL,
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  provider_sid TEXT NOT NULL,
  began_at BIGINT NOT NULL,
  sealed_id_token BLOB,
  expires_at BIGINT NOT NULL
);
CREATE INDEX provider_sessions_by_account ON provider_sessions (issuer, subject);
CREATE INDEX provider_sessions_by_provider_sid ON provider_sessions (issuer, provider_sid);
CREATE INDEX provider_sessions_by_expiry ON provider_sessions (expires_at);

-- Logins that still need a second factor; `proof` is the first proof, encoded.
CREATE TABLE pending_logins (
  key BLOB PRIMARY KEY,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  proof BLOB NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX pending_logins_by_user ON pending_logins (user_id, key);
CREATE INDEX pending_logins_by_expiry ON pending_logins (expires_at);

-- Browsers in which a person signs in without the second factor for a while.
CREATE TABLE trusted_browsers (
  key BLOB PRIMARY KEY,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  address TEXT NOT NULL,
  agent TEXT NOT NULL
);
CREATE INDEX trusted_browsers_by_user ON trusted_browsers (user_id, key);
CREATE INDEX trusted_browsers_by_expiry ON trusted_browsers (expires_at);

-- Requests to remove a second factor whose person has lost it.
CREATE TABLE factor_recoveries (
  user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  requested_at BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX factor_recoveries_by_expiry ON factor_recoveries (expires_at);

-- Clients that a session signed its person in to, and logout notifications that are due.
-- There are no foreign keys, so that notifications are sent after the person is deleted; `user_id` is
-- NULL then.
-- `due_at` is NULL while the session lasts; `expires_at` is the expiry of the session.
CREATE TABLE session_clients (
  sid TEXT NOT NULL,
  client_id TEXT NOT NULL,
  user_id BIGINT,
  subject TEXT NOT NULL,
  at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  due_at BIGINT,
  attempts INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (sid, client_id)
) WITHOUT ROWID;
CREATE INDEX session_clients_by_due ON session_clients (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX session_clients_by_expiry ON session_clients (expires_at);
CREATE INDEX session_clients_by_user ON session_clients (user_id);

-- One-time tokens in links that are sent by e-mail.
CREATE TABLE email_tokens (
  key BLOB PRIMARY KEY,
  purpose TEXT NOT NULL,
  email TEXT NOT NULL,
  user_id BIGINT REFERENCES users (id) ON DELETE CASCADE,
  payload BLOB NOT NULL,
  expires_at BIGINT NOT NULL,
  network BLOB,
  stored_bytes BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX email_tokens_by_email ON email_tokens (email, purpose);
CREATE INDEX email_tokens_by_expiry ON email_tokens (expires_at);
CREATE INDEX email_tokens_by_user ON email_tokens (user_id);
CREATE INDEX email_tokens_by_network ON email_tokens (network, key, stored_bytes);

-- Counters of rate limits, each for one key and one window.
CREATE TABLE throttles (
  key BLOB PRIMARY KEY,
  hits BIGINT NOT NULL,
  resets_at BIGINT NOT NULL
);
CREATE INDEX throttles_by_reset ON throttles (resets_at);

-- ------------------------------------------------------------------------------------- clients

-- OAuth clients; `metadata` holds the fields of RFC 7591 that have no column, as one JSON document.
-- `sealed_secret` is the secret for clients that use it as a key (HS256), and
-- `registration_digest` the digest of the client's registration access token (RFC 7592),
-- `registered_from` a keyed digest of the network from which it registered itself.
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
  secret BLOB,
  previous_secret BLOB,
  previous_secret_expires_at BIGINT,
  created_at BIGINT NOT NULL,
  disabled_at BIGINT,
  metadata TEXT NOT NULL DEFAULT '{}',
  sealed_secret BLOB,
  registration_digest BLOB,
  registered_from BLOB
);
CREATE INDEX clients_by_owner ON clients (owner_id, id);
-- Names of first-party clients, which other clients cannot use.
CREATE INDEX clients_first_party ON clients (name) WHERE first_party = 1;

-- Logos of clients.
CREATE TABLE client_logos (
  client_id TEXT PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE,
  media_type TEXT NOT NULL,
  data BLOB NOT NULL
);

-- An index of the lists in `clients.redirect_uris`; URIs of loopback addresses are stored without
-- the port, which may differ in each request (RFC 8252 §7.3).
CREATE TABLE redirect_uris (
  uri TEXT NOT NULL,
  client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  PRIMARY KEY (uri, client_id)
) WITHOUT ROWID;
CREATE INDEX redirect_uris_by_client ON redirect_uris (client_id);

-- Clients whose id is the address of their metadata document; their rows in `clients` are the
-- stored copies. There is no foreign key: this row comes first, so that each copy counts.
CREATE TABLE client_documents (
  client_id TEXT PRIMARY KEY,
  host TEXT NOT NULL,
  fresh_until BIGINT NOT NULL,
  used_at BIGINT NOT NULL
);
CREATE INDEX client_documents_by_host ON client_documents (host, used_at, client_id);
CREATE INDEX client_documents_by_use ON client_documents (used_at, client_id);

-- Registered APIs (RFC 8707), at most a number of each owner. `scopes` is JSON: name, title and
-- description of each. `clients` and `introspected_by` are lists of client ids. `token_lifetime` is
-- in seconds.
CREATE TABLE resources (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  revision BIGINT NOT NULL,
  identifier TEXT NOT NULL UNIQUE,
  owner_id BIGINT REFERENCES users (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,
  clients TEXT NOT NULL,
  introspected_by TEXT NOT NULL,
  token_format TEXT NOT NULL,
  token_lifetime BIGINT,
  documentation_uri TEXT NOT NULL,
  reviewed INTEGER NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX resources_by_owner ON resources (owner_id, identifier);

-- Initial access tokens for dynamic client registration (RFC 7591 §1.2).
CREATE TABLE registration_tokens (
  key BLOB PRIMARY KEY,
  label TEXT NOT NULL,
  uses_left BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX registration_tokens_by_expiry ON registration_tokens (expires_at);

-- Clients that registered without an initial access token; at `expires_at` those without a consent
-- are deleted.
CREATE TABLE unused_clients (
  client_id TEXT PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE,
  expires_at BIGINT NOT NULL,
  network BLOB,
  row_bytes BIGINT NOT NULL DEFAULT 0,
  stored_bytes BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX unused_clients_by_expiry ON unused_clients (expires_at);
CREATE INDEX unused_clients_by_network ON unused_clients (network, client_id, stored_bytes);

-- ----------------------------------------------------------------- authorization and its tokens

-- Authorization requests that wait for a person's decision.
-- `claimed_by` is a digest of the session that decided, and `response` the encrypted response, so
-- that a form that is sent twice gets one response.
CREATE TABLE authorization_requests (
  key BLOB PRIMARY KEY,
  client_id TEXT NOT NULL,
  parameters TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  claimed_by BLOB,
  response BLOB,
  device BLOB,
  network BLOB,
  stored_bytes BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX authorization_requests_by_expiry ON authorization_requests (expires_at);
CREATE INDEX authorization_requests_by_network
  ON authorization_requests (network, key, stored_bytes);

-- Devices that wait for a person (RFC 8628). `user_code` is a keyed digest of the code that the person
-- enters, and `sealed` the code itself, encrypted for the page that shows it. `polled_at` is 0 before
-- the first poll; `poll_seconds` is the interval. `confirmed_by` is a digest of the session that has
-- confirmed the device. The code of an approved device is in `codes`, under the same key.
CREATE TABLE device_authorizations (
  key BLOB PRIMARY KEY,
  user_code BLOB NOT NULL UNIQUE,
  sealed BLOB NOT NULL,
  client_id TEXT NOT NULL,
  parameters TEXT NOT NULL,
  confirmation TEXT,
  address TEXT NOT NULL,
  agent TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  polled_at BIGINT NOT NULL,
  poll_seconds BIGINT NOT NULL,
  confirmed_by BLOB,
  decided_at BIGINT,
  approved BIGINT NOT NULL DEFAULT 0,
  network BLOB,
  stored_bytes BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX device_authorizations_by_expiry ON device_authorizations (expires_at);
CREATE INDEX device_authorizations_by_network
  ON device_authorizations (network, key, stored_bytes);

-- What a person allowed a client, until it expires or the person withdraws it. `details` restrict
-- the health data that the scope opens (RFC 9396), as canonical JSON; NULL does not restrict it.
-- `read_notice_at` is NULL before the first read of health data; then it is when the e-mail about it is
-- due, and 0 after that was sent.
CREATE TABLE consents (
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  scope TEXT NOT NULL,
  granted_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  details TEXT,
  expires_at BIGINT,
  declined_scope TEXT NOT NULL DEFAULT '',
  requested_details TEXT,
  read_notice_at BIGINT,
  PRIMARY KEY (user_id, client_id)
);
CREATE INDEX consents_by_client ON consents (client_id, user_id);
CREATE INDEX consents_by_read_notice ON consents (read_notice_at) WHERE read_notice_at > 0;

-- The history of each consent, the newest entries of a person and client.
CREATE TABLE consent_changes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  scope TEXT NOT NULL,
  details TEXT,
  expires_at BIGINT
);
CREATE INDEX consent_changes_by_consent ON consent_changes (user_id, client_id, id);
CREATE INDEX consent_changes_by_client ON consent_changes (client_id);

-- One authorization of one client by one person; its codes and tokens refer to it.
-- Grants, codes and tokens have no foreign keys: every read joins client, grant and person, so a
-- row that lost one of them is inactive at once, and cleanup deletes it when it has expired.
-- `sid` is the session of a grant with `openid`; `claims_request` holds the requested claims
-- (OpenID Connect Core §5.5) and the level of the sign-in. Both are NULL for other grants.
-- `details` restrict the health data, as in `consents`; a narrower consent narrows them.
-- `public_id` is of a grant that its client manages; one live grant has it.
CREATE TABLE grants (
  id BLOB PRIMARY KEY,
  client_id TEXT NOT NULL,
  user_id BIGINT NOT NULL,
  scope TEXT NOT NULL,
  methods TEXT NOT NULL,
  authenticated_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT,
  sid TEXT,
  claims_request TEXT,
  details TEXT,
  public_id TEXT
) WITHOUT ROWID;
CREATE INDEX grants_by_user ON grants (user_id, client_id);
CREATE INDEX grants_by_sid ON grants (sid) WHERE sid IS NOT NULL;
CREATE INDEX grants_by_public_id ON grants (public_id, id) WHERE public_id IS NOT NULL;

-- Authorization codes (RFC 6749 §4.1.2). `confirmation`, here and in the tables of tokens, is the
-- key or certificate to which the row is bound (RFC 7800 §3).
CREATE TABLE codes (
  key BLOB PRIMARY KEY,
  grant_id BLOB NOT NULL,
  redirect_uri TEXT,
  challenge TEXT,
  nonce TEXT,
  expires_at BIGINT NOT NULL,
  redeemed_at BIGINT,
  confirmation TEXT
) WITHOUT ROWID;

-- Refresh tokens; the successor of a spent one is derived with `successor_nonce`.
CREATE TABLE refresh_tokens (
  key BLOB PRIMARY KEY,
  grant_id BLOB NOT NULL,
  issued_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  spent_at BIGINT,
  successor_nonce BLOB,
  confirmation TEXT
) WITHOUT ROWID;

-- Opaque access tokens; `grant_id` and `user_id` are NULL for client credentials.
-- `details` restrict the health data further than the grant does (RFC 9396 §6).
CREATE TABLE access_tokens (
  key BLOB PRIMARY KEY,
  client_id TEXT NOT NULL,
  grant_id BLOB,
  user_id BIGINT,
  scope TEXT NOT NULL,
  issued_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  confirmation TEXT,
  details TEXT
) WITHOUT ROWID;

-- Access tokens by token exchange (RFC 8693), opaque ones and JWTs. `subject_key` or `subject_jti`
-- names the token that was exchanged.
CREATE TABLE exchanged_tokens (
  key BLOB PRIMARY KEY,
  client_id TEXT NOT NULL,
  grant_id BLOB NOT NULL,
  scope TEXT NOT NULL,
  issued_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  subject_key BLOB,
  subject_jti TEXT,
  confirmation TEXT,
  details TEXT
) WITHOUT ROWID;
CREATE INDEX exchanged_tokens_by_expiry ON exchanged_tokens (expires_at);

-- Access tokens that people made for their programs. `used_at` is written with the access log.
CREATE TABLE personal_tokens (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key BLOB NOT NULL UNIQUE,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  scope TEXT NOT NULL,
  details TEXT,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT,
  UNIQUE (user_id, name)
);
CREATE INDEX personal_tokens_by_expiry ON personal_tokens (expires_at);

-- Signed access tokens that were revoked before their expiry.
CREATE TABLE revoked_jwts (
  jti TEXT PRIMARY KEY,
  expires_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX revoked_jwts_by_expiry ON revoked_jwts (expires_at);

-- Signing keys; a key has one successor, also when several processes rotate at once.
CREATE TABLE signing_keys (
  kid TEXT PRIMARY KEY,
  algorithm TEXT NOT NULL,
  replaces TEXT NOT NULL,
  public_jwk TEXT NOT NULL,
  sealed_private BLOB NOT NULL,
  created_at BIGINT NOT NULL,
  active_at BIGINT NOT NULL,
  retires_at BIGINT,
  UNIQUE (algorithm, replaces)
);

-- ------------------------------------------------------------------ sign-in through providers

-- Accounts of people at upstream providers; (issuer, subject) identifies one, whatever name the
-- settings give to the provider. `signed_out_at` is when the provider last reported a sign-out:
-- what it asserted before no longer counts.
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
  signed_out_at BIGINT,
  UNIQUE (issuer, subject)
);
CREATE INDEX identities_by_user ON identities (user_id, id);

-- Accounts at upstream providers that the provider has deleted, disabled or signed out, whether or
-- not a person here has them; `key` is the digest of issuer and subject. Sign-ins through one that
-- began before `ended_at` add no identity.
CREATE TABLE ended_sign_ins (
  key BLOB PRIMARY KEY,
  ended_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX ended_sign_ins_by_expiry ON ended_sign_ins (expires_at);

-- Sign-ins at upstream providers that have not come back yet.
CREATE TABLE login_states (
  key BLOB PRIMARY KEY,
  provider TEXT NOT NULL,
  browser BLOB NOT NULL,
  sealed BLOB NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  network BLOB,
  stored_bytes BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX login_states_by_expiry ON login_states (expires_at);
CREATE INDEX login_states_by_network ON login_states (network, key, stored_bytes);

-- Login codes; `clients` lists the ids of the clients that registered `redirect_url` when the
-- sign-in began, and is NULL for a redirect URL of the operator's own.
CREATE TABLE login_codes (
  key BLOB PRIMARY KEY,
  provider TEXT NOT NULL,
  user_id BIGINT NOT NULL,
  clients TEXT,
  challenge TEXT,
  methods TEXT NOT NULL,
  new_user INTEGER NOT NULL,
  jti TEXT NOT NULL,
  authenticated_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  redeemed_at BIGINT,
  redirect_url TEXT NOT NULL DEFAULT '',
  network BLOB,
  stored_bytes BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX login_codes_by_user ON login_codes (user_id);
CREATE INDEX login_codes_by_expiry ON login_codes (expires_at);
CREATE INDEX login_codes_by_network ON login_codes (network, key, stored_bytes);

-- Keys of values that are accepted once, such as the `jti` of a login JWT, until they expire.
-- `signer_quota`, `owner_quota` and `group_quota` are the rows of `quotas` that count the record.
CREATE TABLE replays (
  key BLOB PRIMARY KEY,
  expires_at BIGINT NOT NULL,
  signer_quota BLOB NOT NULL,
  owner_quota BLOB,
  group_quota BLOB NOT NULL
);
CREATE INDEX replays_by_expiry ON replays (expires_at);

-- Bytes of rows that are never deleted before they expire, by owner. A full quota refuses new rows.
CREATE TABLE quotas (
  name BLOB PRIMARY KEY,
  held BIGINT NOT NULL
);

-- Requests of providers to delete a person's data, by the code that the person can look up.
CREATE TABLE data_deletion_requests (
  code TEXT PRIMARY KEY,
  provider TEXT NOT NULL,
  requested_at BIGINT NOT NULL,
  done_at BIGINT,
  expires_at BIGINT NOT NULL
);
CREATE INDEX data_deletion_requests_by_expiry ON data_deletion_requests (expires_at);

-- -------------------------------------------------------------------------------- measurements

-- Units, unit categories and variable categories are reference data, the same on every server
-- (0002_reference_data.sql). They are never deleted, so their ids have no foreign keys.
CREATE TABLE unit_categories (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);

-- `steps` convert a value into the category's base unit, in order, by exact decimals or fractions;
-- the base unit has none, and NULL means that the unit does not convert.
CREATE TABLE units (
  id INTEGER PRIMARY KEY,
  category_id INTEGER NOT NULL,
  name TEXT NOT NULL UNIQUE,
  abbreviated_name TEXT NOT NULL UNIQUE,
  minimum REAL,
  maximum REAL,
  steps TEXT
);

CREATE TABLE variable_categories (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);

-- What a person measures.
CREATE TABLE variables (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  category_id INTEGER NOT NULL,
  unit_id INTEGER NOT NULL,
  combination TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (user_id, name)
);

-- `value` is in the variable's unit, for comparison and order; `stored_value` is the value as it
-- was sent, in `stored_unit_id`. `user_id` repeats the variable's, for the indexes.
CREATE TABLE measurements (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id BIGINT NOT NULL,
  variable_id BIGINT NOT NULL REFERENCES variables (id) ON DELETE CASCADE,
  source TEXT NOT NULL,
  start_at BIGINT NOT NULL,
  value REAL NOT NULL,
  stored_value REAL NOT NULL,
  stored_unit_id INTEGER NOT NULL,
  note TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (variable_id, start_at, source)
);
CREATE INDEX measurements_by_start ON measurements (user_id, start_at);
CREATE INDEX measurements_by_update ON measurements (user_id, updated_at);

-- Which client read or wrote which of a person's measurements; equal accesses within one hour are
-- one row.
CREATE TABLE accesses (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  hour BIGINT NOT NULL,
  first_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  client_id TEXT NOT NULL,
  action TEXT NOT NULL,
  variable TEXT NOT NULL,
  category TEXT NOT NULL,
  measurements BIGINT NOT NULL,
  requests BIGINT NOT NULL,
  UNIQUE (user_id, hour, client_id, action, variable, category)
);
CREATE INDEX accesses_by_user ON accesses (user_id, id);

-- ------------------------------------------------------------------------------ background work

-- E-mails that wait to be sent.
CREATE TABLE mails (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  sealed BLOB NOT NULL,
  created_at BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  attempts INTEGER NOT NULL,
  expires_at BIGINT NOT NULL,
  of_account INTEGER NOT NULL,
  network BLOB,
  stored_bytes BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX mails_by_network ON mails (network, id, stored_bytes, of_account);
CREATE INDEX mails_by_due ON mails (due_at);
CREATE INDEX mails_by_expiry ON mails (expires_at);

-- The audit trail.
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  user_id BIGINT,
  client_id TEXT,
  address TEXT NOT NULL,
  detail TEXT NOT NULL,
  network BLOB,
  stored_bytes BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX events_by_user ON events (user_id, id);
-- Events of a budget only: refused sign-ins.
CREATE INDEX events_by_network ON events (network, id, stored_bytes) WHERE network IS NOT NULL;
CREATE INDEX events_with_budget ON events (id, stored_bytes) WHERE network IS NOT NULL;

-- Which process does a task of which there must be one.
CREATE TABLE leases (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);
