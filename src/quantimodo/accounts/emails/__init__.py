"""E-mails of accounts: templates, sending, one-time links, notices and choices."""
