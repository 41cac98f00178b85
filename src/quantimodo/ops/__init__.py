"""Background work and monitoring: e-mail, the audit trail, logs, cleanup, metrics, alerts,
webhooks."""
