-- What all processes counted in each hour since 1970 (UTC), kept for three days: durations, token responses, refusals.
CREATE TABLE hour_counts (
  hour BIGINT NOT NULL,
  name TEXT NOT NULL,
  label TEXT NOT NULL,
  number BIGINT NOT NULL,
  PRIMARY KEY (hour, name, label)
);

-- The same for each day, kept for 400 days.
CREATE TABLE day_counts (
  day BIGINT NOT NULL,
  name TEXT NOT NULL,
  label TEXT NOT NULL,
  number BIGINT NOT NULL,
  PRIMARY KEY (day, name, label)
);

-- Requests of a client to each endpoint on a day, kept for 40 days. Without a code all of them, with one those that were refused by it.
CREATE TABLE client_usage (
  client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  day BIGINT NOT NULL,
  endpoint TEXT NOT NULL,
  code TEXT NOT NULL,
  number BIGINT NOT NULL,
  PRIMARY KEY (client_id, day, endpoint, code)
);
CREATE INDEX client_usage_by_day ON client_usage (day);
