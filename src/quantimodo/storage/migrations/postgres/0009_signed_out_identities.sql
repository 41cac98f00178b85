-- When a provider told that its account was signed out or disabled: what came by it before is over.
ALTER TABLE identities ADD COLUMN signed_out_at BIGINT;
