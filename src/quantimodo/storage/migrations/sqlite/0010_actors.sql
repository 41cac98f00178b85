-- Chains of token exchanges (RFC 8693): the clients that act, the present one first, and the exchanged
-- token that was exchanged again, with which a token ends.
ALTER TABLE exchanged_tokens ADD COLUMN actors TEXT;
ALTER TABLE exchanged_tokens ADD COLUMN parent_key BLOB REFERENCES exchanged_tokens (key) ON DELETE CASCADE;
CREATE INDEX exchanged_tokens_by_parent ON exchanged_tokens (parent_key);
