-- The people who manage a client beside its owner in `clients`. `role` is "owner" or "developer".
CREATE TABLE client_members (
  client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role TEXT NOT NULL,
  added_at BIGINT NOT NULL,
  PRIMARY KEY (client_id, user_id)
);
CREATE INDEX client_members_by_user ON client_members (user_id, client_id);

-- Invitations to such teams, by the key of the secret in the e-mail; one for each address.
CREATE TABLE client_invitations (
  key BYTEA PRIMARY KEY,
  client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  email TEXT NOT NULL,
  role TEXT NOT NULL,
  invited_by BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  UNIQUE (client_id, email)
);
CREATE INDEX client_invitations_by_inviter ON client_invitations (invited_by);
CREATE INDEX client_invitations_by_expiry ON client_invitations (expires_at);
