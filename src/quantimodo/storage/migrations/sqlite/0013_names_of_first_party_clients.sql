-- The names of the operator's own applications, which no other application may have.
CREATE INDEX clients_first_party ON clients (name) WHERE first_party = 1;
