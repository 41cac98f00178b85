-- Invitations to make an account, by the key of the secret in the e-mail; one for each address.
CREATE TABLE account_invitations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key BLOB NOT NULL UNIQUE,
  email_key TEXT NOT NULL UNIQUE,
  email TEXT NOT NULL,
  name TEXT NOT NULL,
  invited_by BIGINT REFERENCES users (id) ON DELETE SET NULL,
  created_at BIGINT NOT NULL,
  sent_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX account_invitations_by_inviter ON account_invitations (invited_by);
CREATE INDEX account_invitations_by_expiry ON account_invitations (expires_at);
