"""What a client can trade for tokens (RFC 6749 §4): one file a grant, and the table of them."""
