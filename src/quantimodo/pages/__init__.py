"""HTML pages: sign-in, consent, account, developer portal, administration, API reference."""
