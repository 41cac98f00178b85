-- Storage budgets: who stored a row (a keyed digest of the network address), and its size.
ALTER TABLE authorization_requests ADD COLUMN network BLOB;
ALTER TABLE authorization_requests ADD COLUMN stored_bytes BIGINT NOT NULL DEFAULT 0;
CREATE INDEX authorization_requests_by_network ON authorization_requests (network, key, stored_bytes);
ALTER TABLE departures ADD COLUMN network BLOB;
ALTER TABLE departures ADD COLUMN stored_bytes BIGINT NOT NULL DEFAULT 0;
CREATE INDEX departures_by_network ON departures (network, key, stored_bytes);
ALTER TABLE login_codes ADD COLUMN network BLOB;
ALTER TABLE login_codes ADD COLUMN stored_bytes BIGINT NOT NULL DEFAULT 0;
CREATE INDEX login_codes_by_network ON login_codes (network, key, stored_bytes);
ALTER TABLE tickets ADD COLUMN network BLOB;
ALTER TABLE tickets ADD COLUMN stored_bytes BIGINT NOT NULL DEFAULT 0;
CREATE INDEX tickets_by_network ON tickets (network, key, stored_bytes);
ALTER TABLE unproven_clients ADD COLUMN network BLOB;
ALTER TABLE unproven_clients ADD COLUMN row_bytes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE unproven_clients ADD COLUMN stored_bytes BIGINT NOT NULL DEFAULT 0;
CREATE INDEX unproven_clients_by_network ON unproven_clients (network, client_id, stored_bytes);
