-- When the last backup was complete: one row.
CREATE TABLE last_backup (
  id BIGINT PRIMARY KEY,
  made_at BIGINT NOT NULL
);

-- How requests to sign-in providers end. `failures` are those since the last success.
CREATE TABLE provider_outcomes (
  provider TEXT PRIMARY KEY,
  succeeded_at BIGINT,
  failed_at BIGINT,
  failures BIGINT NOT NULL
);

-- Requests to the token endpoint in each minute since 1970, at all processes; kept for a day.
CREATE TABLE token_minutes (
  minute BIGINT PRIMARY KEY,
  requests BIGINT NOT NULL,
  refused BIGINT NOT NULL
);
