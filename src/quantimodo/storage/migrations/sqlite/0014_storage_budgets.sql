-- Storage budgets: who stored a row (a keyed digest of the network address), and its size.
ALTER TABLE authorization_requests ADD COLUMN network BLOB;
ALTER TABLE authorization_requests ADD COLUMN stored_bytes BIGINT NOT NULL DEFAULT 0;
CREATE INDEX authorization_requests_by_network ON authorization_requests (network, key, stored_bytes);
ALTER TABLE login_states ADD COLUMN network BLOB;
ALTER TABLE login_states ADD COLUMN stored_bytes BIGINT NOT NULL DEFAULT 0;
CREATE INDEX departures_by_network ON login_states (network, key, stored_bytes);
ALTER TABLE login_codes ADD COLUMN network BLOB;
ALTER TABLE login_codes ADD COLUMN stored_bytes BIGINT NOT NULL DEFAULT 0;
CREATE INDEX login_codes_by_network ON login_codes (network, key, stored_bytes);
ALTER TABLE email_tokens ADD COLUMN network BLOB;
ALTER TABLE email_tokens ADD COLUMN stored_bytes BIGINT NOT NULL DEFAULT 0;
CREATE INDEX tickets_by_network ON email_tokens (network, key, stored_bytes);
ALTER TABLE unused_clients ADD COLUMN network BLOB;
ALTER TABLE unused_clients ADD COLUMN row_bytes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE unused_clients ADD COLUMN stored_bytes BIGINT NOT NULL DEFAULT 0;
CREATE INDEX unproven_clients_by_network ON unused_clients (network, client_id, stored_bytes);
