-- What a person tells about themself beside name and e-mail address: one document, by the names of
-- OpenID Connect's claims.
CREATE TABLE profiles (
  user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  claims TEXT NOT NULL,
  updated_at BIGINT NOT NULL
);

-- The names under which applications of one sector know a person (OpenID Connect Core, 8.1).
CREATE TABLE pairwise_subjects (
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  sector TEXT NOT NULL,
  subject TEXT NOT NULL UNIQUE,
  PRIMARY KEY (user_id, sector)
);

-- Claims that a request asks for one by one (OpenID Connect Core §5.5), and the level of its sign-in; NULL for most.
ALTER TABLE grants ADD COLUMN claims_request TEXT;
