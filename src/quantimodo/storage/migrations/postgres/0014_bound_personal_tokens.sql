-- The key to which a personal token is bound (RFC 9449), as in other tables of tokens. NULL for most.
ALTER TABLE personal_tokens ADD COLUMN confirmation TEXT;
