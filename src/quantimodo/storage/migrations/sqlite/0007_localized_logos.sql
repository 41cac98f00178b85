-- Logos of `logo_uri` with a language tag (RFC 7591 §2.2): one for each language of this server.
CREATE TABLE localized_logos (
  client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  language TEXT NOT NULL,
  media_type TEXT NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (client_id, language)
);
