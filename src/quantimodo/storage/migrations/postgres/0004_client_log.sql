-- Refused requests of a client, for its owner: at most 500 of each client, and for 14 days. `received`
-- is the shape of the request in fixed words: no value that a stranger chose.
CREATE TABLE client_requests (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  at BIGINT NOT NULL,
  endpoint TEXT NOT NULL,
  code TEXT NOT NULL,
  incident TEXT NOT NULL,
  received TEXT NOT NULL
);
CREATE INDEX client_requests_by_client ON client_requests (client_id, id);

-- What a client did on a day (since 1970, UTC), for 40 days.
CREATE TABLE client_days (
  client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  day BIGINT NOT NULL,
  tokens BIGINT NOT NULL,
  refusals BIGINT NOT NULL,
  PRIMARY KEY (client_id, day)
);
CREATE INDEX client_days_by_day ON client_days (day);

-- Counts the people of an application, day by day.
CREATE INDEX accesses_by_client ON accesses (client_id, hour, user_id);
