-- Whom a waiting authorization request was answered for (a digest), and the answer, sealed: kept for a
-- minute, so that a form that is sent twice leads to one answer.
ALTER TABLE authorization_requests ADD COLUMN claimed_by BLOB;
ALTER TABLE authorization_requests ADD COLUMN answer BLOB;
