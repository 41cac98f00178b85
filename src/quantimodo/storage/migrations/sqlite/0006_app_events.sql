-- The events of each application, whose numbers count up without a gap in the order of commits. A
-- row exists from the first endpoint, or from the first request for events, on. `dropped_number` is
-- the last event that is not kept any more.
CREATE TABLE event_streams (
  client_id TEXT PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE,
  polled INTEGER NOT NULL,
  last_number BIGINT NOT NULL,
  dropped_number BIGINT NOT NULL
);

-- What happened, for applications: written in the transaction of what it reports. `data` is JSON.
-- `user_id` is NULL when the person was deleted.
CREATE TABLE app_events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  number BIGINT NOT NULL,
  kind TEXT NOT NULL,
  at BIGINT NOT NULL,
  user_id BIGINT REFERENCES users (id) ON DELETE CASCADE,
  data TEXT NOT NULL,
  UNIQUE (client_id, number)
);
CREATE INDEX app_events_by_user ON app_events (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX app_events_by_time ON app_events (at);

-- Where events of an application are sent. The secrets are encrypted by the server's secret key.
CREATE TABLE webhook_endpoints (
  id TEXT PRIMARY KEY,
  client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  url TEXT NOT NULL,
  kinds TEXT NOT NULL,
  sealed_secret BLOB NOT NULL,
  created_at BIGINT NOT NULL,
  sealed_previous BLOB,
  previous_until BIGINT,
  disabled_at BIGINT,
  disabled_reason TEXT NOT NULL DEFAULT '',
  failing_since BIGINT,
  dropped BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX webhook_endpoints_by_client ON webhook_endpoints (client_id, id);

-- One event for one endpoint. `due_at` is NULL when no attempt is left.
CREATE TABLE webhook_deliveries (
  endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
  event_id BIGINT NOT NULL REFERENCES app_events (id) ON DELETE CASCADE,
  due_at BIGINT,
  attempts INTEGER NOT NULL DEFAULT 0,
  tried_at BIGINT,
  delivered_at BIGINT,
  status INTEGER NOT NULL DEFAULT 0,
  cause TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (endpoint_id, event_id)
) WITHOUT ROWID;
CREATE INDEX webhook_deliveries_by_event ON webhook_deliveries (event_id);
CREATE INDEX webhook_deliveries_by_due ON webhook_deliveries (endpoint_id, due_at) WHERE due_at IS NOT NULL;

-- Saved measurements of a person, which an event reports to the application soon.
CREATE TABLE measurement_notices (
  client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  since BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  PRIMARY KEY (client_id, user_id)
) WITHOUT ROWID;
CREATE INDEX measurement_notices_by_user ON measurement_notices (user_id);
CREATE INDEX measurement_notices_by_due ON measurement_notices (due_at);
