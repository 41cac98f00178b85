-- Whose a redirect URI is: the index over what `clients.redirect_uris` lists. The URI of a loopback
-- IP stands here without its port, which may differ from request to request (RFC 8252 §7.3).

CREATE TABLE redirect_uris (
  uri TEXT NOT NULL,
  client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  PRIMARY KEY (uri, client_id)
);
CREATE INDEX redirect_uris_by_client ON redirect_uris (client_id);

INSERT INTO redirect_uris (uri, client_id)
SELECT DISTINCT
  CASE
    WHEN uri LIKE 'http://127.0.0.1:%' THEN 'http://127.0.0.1' || ltrim(substr(uri, 18), '0123456789')
    WHEN uri LIKE 'http://[::1]:%' THEN 'http://[::1]' || ltrim(substr(uri, 14), '0123456789')
    ELSE uri
  END,
  id
FROM (SELECT id, unnest(string_to_array(redirect_uris, E'\n')) AS uri FROM clients) listed;
