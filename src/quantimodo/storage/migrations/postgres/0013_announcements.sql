-- What the operator announces on all pages for a time. `texts` is a JSON object by language.
CREATE TABLE announcements (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  level TEXT NOT NULL,
  audience TEXT NOT NULL,
  texts TEXT NOT NULL,
  link TEXT NOT NULL,
  starts_at BIGINT NOT NULL,
  ends_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX announcements_by_end ON announcements (ends_at, id);
