-- What registration adds to a client (RFC 7591, OpenID Connect Registration): a document that is read
-- and written whole. The secret once more, sealed, for clients that use it as a key; the digest of the
-- token by which a client manages itself (RFC 7592).

ALTER TABLE clients ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}';
ALTER TABLE clients ADD COLUMN sealed_secret BYTEA;
ALTER TABLE clients ADD COLUMN registration_digest BYTEA;
