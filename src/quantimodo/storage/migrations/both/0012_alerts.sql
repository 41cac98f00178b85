-- Conditions of the server that are reported to its operator: one row for each that ever held, kept for 90 days after its end.
CREATE TABLE alerts (
  name TEXT PRIMARY KEY,
  severity TEXT NOT NULL,
  text TEXT NOT NULL,
  kind TEXT NOT NULL,
  raised_at BIGINT NOT NULL,
  resolved_at BIGINT,
  reported_at BIGINT,
  by_mail INTEGER NOT NULL,
  by_webhook INTEGER NOT NULL,
  revision BIGINT NOT NULL
);
