-- People with a second factor: an authenticator app, a passkey, or both. `set_up_at` is when one was
-- last set up.
CREATE TABLE second_factors (
  user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  set_up_at BIGINT NOT NULL
);

-- Authenticator apps (TOTP, RFC 6238): one for each person. The secret is encrypted by the server's
-- secret key. `last_step` is the time step of the last accepted code (RFC 6238 §5.2).
CREATE TABLE totp_factors (
  user_id BIGINT PRIMARY KEY REFERENCES second_factors (user_id) ON DELETE CASCADE,
  sealed_secret BYTEA NOT NULL,
  confirmed_at BIGINT NOT NULL,
  last_step BIGINT NOT NULL
);

-- Authenticator apps that wait for their first code. `holder` is the key of the session, or of the
-- pending login, that began the enrolment: no other browser may see the secret.
CREATE TABLE totp_enrolments (
  user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  sealed_secret BYTEA NOT NULL,
  holder BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX totp_enrolments_by_expiry ON totp_enrolments (expires_at);

-- Codes that replace a second factor, each used once. Only keyed digests are stored.
CREATE TABLE recovery_codes (
  user_id BIGINT NOT NULL REFERENCES second_factors (user_id) ON DELETE CASCADE,
  digest BYTEA NOT NULL,
  PRIMARY KEY (user_id, digest)
);
