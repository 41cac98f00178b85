-- `users.email_key` is the address in NFC with each letter in lower case. It was case-folded by
-- Unicode, which takes `ß` for `ss`. No engine can compute it, so `storage/migrate.py` does.
SELECT 1;
