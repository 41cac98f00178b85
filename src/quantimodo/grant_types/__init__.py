"""What a client can exchange for tokens (RFC 6749 §4): one file for each type, and their table."""
