"""The hot writes, in batches: issue, redeem, rotate.

Redeem and rotate spend a credential by compare-and-set and insert the new tokens, or change
nothing. A batch is one statement for each table on SQLite (`VALUES` of many rows), and one
statement on PostgreSQL (arrays), so that waiting requests share the cost of a call.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from quantimodo.model.tokens import AccessToken, RefreshToken
from quantimodo.storage.database import Batch, Operation, SqliteStatement, Statement
from quantimodo.storage.tables.texts import confirmation_text, scope_text
from quantimodo.storage.timestamps import to_micros

_ACCESS_WIDTH = 9
_REFRESH_WIDTH = 5
_MOST_ROWS = 64  # in one statement, so that few statements are prepared

_INSERT_ACCESS = (
    "INSERT INTO access_tokens"
    " (key, client_id, grant_id, user_id, scope, issued_at, expires_at, confirmation, details)"
    " VALUES "
)
ADD_ACCESS_TOKEN = Statement(_INSERT_ACCESS + "({1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9})")
_INSERT_REFRESH = (
    "INSERT INTO refresh_tokens (key, grant_id, issued_at, expires_at, confirmation) VALUES "
)


def access_token_values(token: AccessToken) -> tuple[Any, ...]:
    """The values of its row, in the order of the columns."""
    return (
        token.key,
        token.client_id,
        token.grant_id,
        token.user_id,
        scope_text(token.scope),
        to_micros(token.issued_at),
        to_micros(token.expires_at),
        confirmation_text(token.confirmation),
        token.details,
    )


def token_values(access: AccessToken | None, refresh: RefreshToken | None) -> tuple[Any, ...]:
    """The rows of both new tokens side by side; all None for a token that is not issued."""
    return (
        *((None,) * _ACCESS_WIDTH if access is None else access_token_values(access)),
        *((None,) * _REFRESH_WIDTH if refresh is None else _refresh_token_values(refresh)),
    )


def _refresh_token_values(token: RefreshToken) -> tuple[Any, ...]:
    return (
        token.key,
        token.grant_id,
        to_micros(token.issued_at),
        to_micros(token.expires_at),
        confirmation_text(token.confirmation),
    )


# ------------------------------------------------------------------- SQLite: one statement a table

_SPEND_CODES = (
    "UPDATE codes SET redeemed_at = v.column2 FROM (VALUES %s) AS v"
    " WHERE codes.key = v.column1 AND codes.redeemed_at IS NULL"
    " AND EXISTS (SELECT 1 FROM grants g"
    " WHERE g.id = codes.grant_id AND g.revoked_at IS NULL) RETURNING key"
)
_SPEND_REFRESH = (
    "UPDATE refresh_tokens SET spent_at = v.column2, successor_nonce = v.column3"
    " FROM (VALUES %s) AS v"
    " WHERE refresh_tokens.key = v.column1 AND refresh_tokens.spent_at IS NULL"
    " AND EXISTS (SELECT 1 FROM grants g"
    " WHERE g.id = refresh_tokens.grant_id AND g.revoked_at IS NULL) RETURNING key"
)


def _store(requests: Sequence[tuple[Any, ...]]) -> Operation[list[bool]]:
    yield from _insert(_INSERT_ACCESS, requests)
    return [True] * len(requests)


def _redeem(requests: Sequence[tuple[Any, ...]]) -> Operation[list[bool]]:
    return (yield from _spend(_SPEND_CODES, 2, requests))


def _rotate(requests: Sequence[tuple[Any, ...]]) -> Operation[list[bool]]:
    return (yield from _spend(_SPEND_REFRESH, 3, requests))


def _spend(template: str, width: int, requests: Sequence[tuple[Any, ...]]) -> Operation[list[bool]]:
    """Spend by the first `width` values of each request; insert the tokens of those that won."""
    first: dict[bytes, int] = {}
    for number, request in enumerate(requests):
        first.setdefault(request[0], number)  # of several requests with one key the first wins
    spending = [requests[number][:width] for number in first.values()]
    won: set[int] = set()
    for some in _chunks(spending):
        rows = yield _statement(template, width, len(some)), _flatten(some)
        won.update(first[key] for (key,) in rows)
    tokens = [requests[number][width:] for number in sorted(won)]
    yield from _insert(_INSERT_ACCESS, [row[:_ACCESS_WIDTH] for row in tokens])
    yield from _insert(_INSERT_REFRESH, [row[_ACCESS_WIDTH:] for row in tokens])
    return [number in won for number in range(len(requests))]


def _insert(statement: str, rows: Sequence[tuple[Any, ...]]) -> Operation[None]:
    issued = [values for values in rows if values[0] is not None]
    for some in _chunks(issued):
        yield _statement(statement + "%s", len(some[0]), len(some)), _flatten(some)


@lru_cache(maxsize=8 * _MOST_ROWS)
def _statement(template: str, width: int, count: int) -> SqliteStatement:
    # A short text: the library reads it to its end, whenever it looks for the compiled statement.
    row = f"({','.join('?' * width)})"
    return SqliteStatement(template % ",".join([row] * count))


def _chunks(rows: Sequence[tuple[Any, ...]]) -> list[Sequence[tuple[Any, ...]]]:
    return [rows[start : start + _MOST_ROWS] for start in range(0, len(rows), _MOST_ROWS)]


def _flatten(rows: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    return tuple(value for row in rows for value in row)


# ----------------------------------------------------------- PostgreSQL: one statement over arrays

# The rows to spend are locked in one order. A row that another server spends meanwhile is checked
# again and left out (READ COMMITTED). Each table is read by `= ANY` or by one key, so that no plan
# scans a whole table.
_BATCH_TAIL = """,
new_access AS (
  INSERT INTO access_tokens
    (key, client_id, grant_id, user_id, scope, issued_at, expires_at, confirmation, details)
  SELECT a_key, a_client, a_grant, a_user, a_scope, a_issued, a_expires, a_confirmation, a_details
  FROM input JOIN spent USING (n) WHERE a_key IS NOT NULL
),
new_refresh AS (
  INSERT INTO refresh_tokens (key, grant_id, issued_at, expires_at, confirmation)
  SELECT r_key, r_grant, r_issued, r_expires, r_confirmation
  FROM input JOIN spent USING (n) WHERE r_key IS NOT NULL
)
SELECT n FROM spent"""
_NEW_ROWS = (
    "a_key, a_client, a_grant, a_user, a_scope, a_issued, a_expires, a_confirmation, a_details,"
    " r_key, r_grant, r_issued, r_expires, r_confirmation, n"
)

ADD_ACCESS_BATCH = Batch(
    name="store access token",
    sqlite=_store,
    postgres="""
WITH input AS (
  SELECT * FROM unnest($1::bytea[], $2::text[], $3::bytea[], $4::bigint[], $5::text[],
    $6::bigint[], $7::bigint[], $8::text[], $9::text[], $10::int[])
  AS i (key, client_id, grant_id, user_id, scope, issued_at, expires_at, confirmation, details, n)
),
saved AS (
  INSERT INTO access_tokens
    (key, client_id, grant_id, user_id, scope, issued_at, expires_at, confirmation, details)
  SELECT key, client_id, grant_id, user_id, scope, issued_at, expires_at, confirmation, details
  FROM input
)
SELECT n FROM input""",
)
REDEEM = Batch(
    name="redeem",
    sqlite=_redeem,
    postgres=f"""
WITH input AS (
  SELECT * FROM unnest($1::bytea[], $2::bigint[],
    $3::bytea[], $4::text[], $5::bytea[], $6::bigint[], $7::text[], $8::bigint[], $9::bigint[],
    $10::text[], $11::text[], $12::bytea[], $13::bytea[], $14::bigint[], $15::bigint[],
    $16::text[], $17::int[])
  AS i (key, at, {_NEW_ROWS})
),
free AS (
  SELECT c.key FROM codes c WHERE c.key = ANY ($1::bytea[]) AND c.redeemed_at IS NULL
    AND (SELECT g.revoked_at IS NULL FROM grants g WHERE g.id = c.grant_id)
  ORDER BY c.key FOR UPDATE OF c
),
spent AS (
  UPDATE codes c SET redeemed_at = first.at
  FROM (SELECT DISTINCT ON (key) * FROM input ORDER BY key, n) AS first JOIN free USING (key)
  WHERE c.key = first.key AND c.key = ANY ($1::bytea[]) AND c.redeemed_at IS NULL
  RETURNING first.n
){_BATCH_TAIL}""",
)
ROTATE = Batch(
    name="rotate",
    sqlite=_rotate,
    postgres=f"""
WITH input AS (
  SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[],
    $4::bytea[], $5::text[], $6::bytea[], $7::bigint[], $8::text[], $9::bigint[], $10::bigint[],
    $11::text[], $12::text[], $13::bytea[], $14::bytea[], $15::bigint[], $16::bigint[],
    $17::text[], $18::int[])
  AS i (key, at, successor_nonce, {_NEW_ROWS})
),
free AS (
  SELECT t.key FROM refresh_tokens t WHERE t.key = ANY ($1::bytea[]) AND t.spent_at IS NULL
    AND (SELECT g.revoked_at IS NULL FROM grants g WHERE g.id = t.grant_id)
  ORDER BY t.key FOR UPDATE OF t
),
spent AS (
  UPDATE refresh_tokens t SET spent_at = first.at, successor_nonce = first.successor_nonce
  FROM (SELECT DISTINCT ON (key) * FROM input ORDER BY key, n) AS first JOIN free USING (key)
  WHERE t.key = first.key AND t.key = ANY ($1::bytea[]) AND t.spent_at IS NULL
  RETURNING first.n
){_BATCH_TAIL}""",
)
