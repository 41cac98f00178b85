"""A search that ends only when it is interrupted, for tests of deadlines and queues."""

from quantimodo.storage.database import Statement

# Hours of work on either engine, in which neither returns a row.
ENDLESS = Statement(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {1})"
    " SELECT count(*) FROM n",
    postgres="SELECT count(*) FROM generate_series(1, {1}::bigint) n",
)
MANY = 100_000_000_000
