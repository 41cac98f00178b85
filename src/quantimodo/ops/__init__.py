"""Background work beside the requests: e-mail, the audit log."""
