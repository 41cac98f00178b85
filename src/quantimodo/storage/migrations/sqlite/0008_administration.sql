-- What administrators and commands of the operator did for others, and why. `actor_id` is NULL for a
-- command. A row stays when its person or application is deleted, without the address of the invitation.
CREATE TABLE admin_actions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  actor_id BIGINT,
  user_id BIGINT,
  client_id TEXT,
  detail TEXT NOT NULL,
  reason TEXT NOT NULL,
  address TEXT NOT NULL
);
CREATE INDEX admin_actions_by_time ON admin_actions (at, id);
-- Addresses of invitations, which go with the account.
CREATE INDEX admin_actions_by_detail ON admin_actions (detail);

-- Where the log of a time begins.
CREATE INDEX events_by_time ON events (at, id);

CREATE INDEX users_administrators ON users (id) WHERE administrator = 1;
