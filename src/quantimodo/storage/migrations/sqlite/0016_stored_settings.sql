-- Sign-in providers and policies of set-up files: one row, read at each start. `document` is JSON; `sealed_secrets` are the
-- client secrets of the providers, encrypted.
CREATE TABLE stored_settings (
  id INTEGER PRIMARY KEY,
  document TEXT NOT NULL,
  sealed_secrets BLOB,
  changed_at BIGINT NOT NULL,
  revision BIGINT NOT NULL
);
