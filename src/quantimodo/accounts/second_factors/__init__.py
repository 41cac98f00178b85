"""Second factors: authenticator apps, recovery codes, who needs one, and its check."""
