-- Which applications a login code is good for: all that had registered its address when the sign-in
-- began, by id, separated by spaces; NULL for an address of the operator's own. The codes of before,
-- good for a minute, do not say, so they go.
DELETE FROM login_codes;
ALTER TABLE login_codes RENAME COLUMN client_id TO clients;
ALTER TABLE login_codes ADD COLUMN redirect_url TEXT NOT NULL DEFAULT '';
