"""The tables `codes`, `refresh_tokens`, `access_tokens` and `revoked_jwts`: the hot path.

A find is one read that joins client, family and person, so that what was revoked, disabled or
deleted is known in the same breath. A write is one `Batch`: it spends by compare-and-set and
saves what follows, or does nothing.
"""

from datetime import datetime
from typing import Any

from quantimodo.model.tokens import (
    AccessToken,
    AuthorizationCode,
    Family,
    FoundAccessToken,
    FoundCode,
    FoundRefreshToken,
    RefreshToken,
    Standing,
)
from quantimodo.storage.database import Batch, KeyedRead, Operation, Row, Statement, execute
from quantimodo.storage.moments import from_micros, from_micros_or_none, to_micros
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.users import USER_COLUMNS, to_user

# ------------------------------------------------------------------------------------- finding

_FAMILY_COLUMNS = (
    "f.id, f.client_id, f.user_id, f.scope, f.methods, f.authenticated_at, f.created_at,"
    " f.expires_at, (f.revoked_at IS NOT NULL OR u.disabled_at IS NOT NULL)"
)
_FIND_CODE = KeyedRead(
    f"SELECT t.key, {_FAMILY_COLUMNS}, {USER_COLUMNS},"
    " t.redirect_uri, t.challenge, t.nonce, t.expires_at, t.redeemed_at"
    " FROM codes t JOIN families f ON f.id = t.family_id JOIN users u ON u.id = f.user_id"
    " JOIN clients c ON c.id = f.client_id WHERE t.key"
)
_FIND_REFRESH = KeyedRead(
    f"SELECT t.key, {_FAMILY_COLUMNS}, {USER_COLUMNS},"
    " t.issued_at, t.expires_at, t.spent_at, t.salt"
    " FROM refresh_tokens t JOIN families f ON f.id = t.family_id"
    " JOIN users u ON u.id = f.user_id JOIN clients c ON c.id = f.client_id WHERE t.key"
)
_FIND_ACCESS = KeyedRead(
    "SELECT t.key, t.client_id, t.family_id, t.scope, t.issued_at, t.expires_at,"
    " (c.disabled_at IS NOT NULL OR u.disabled_at IS NOT NULL OR f.revoked_at IS NOT NULL"
    " OR (t.family_id IS NOT NULL AND (f.id IS NULL OR u.id IS NULL))),"
    f" {USER_COLUMNS} FROM access_tokens t JOIN clients c ON c.id = t.client_id"
    " LEFT JOIN families f ON f.id = t.family_id LEFT JOIN users u ON u.id = t.user_id"
    " WHERE t.key"
)
_STANDING = Statement(
    f"SELECT {USER_COLUMNS} FROM clients c"
    " LEFT JOIN families f ON f.id = {3} LEFT JOIN users u ON u.id = f.user_id"
    " WHERE c.id = {2} AND c.disabled_at IS NULL"
    " AND ({4} = 0 OR (f.revoked_at IS NULL AND u.id IS NOT NULL AND u.disabled_at IS NULL))"
    " AND NOT EXISTS (SELECT 1 FROM revoked_jwts r WHERE r.jti = {1})"
)


def _to_family(row: Row) -> Family:
    return Family(
        id=row[0],
        client_id=row[1],
        user_id=row[2],
        scope=frozenset(row[3].split()),
        methods=tuple(row[4].split()),
        authenticated_at=from_micros(row[5]),
        created_at=from_micros(row[6]),
        expires_at=from_micros(row[7]),
    )


# -------------------------------------------------------------------------------------- saving

ADD_ACCESS_TOKEN = Statement(
    "INSERT INTO access_tokens (key, client_id, family_id, user_id, scope, issued_at, expires_at)"
    " VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7})"
)
_NO_ACCESS = (None,) * 7
_ADD_REFRESH = Statement(
    "INSERT INTO refresh_tokens (key, family_id, issued_at, expires_at) VALUES ({1}, {2}, {3}, {4})"
)
_NO_REFRESH = (None,) * 4
_SPEND_CODE = Statement(
    "UPDATE codes SET redeemed_at = {2} WHERE key = {1} AND redeemed_at IS NULL"
    " AND EXISTS (SELECT 1 FROM families f"
    " WHERE f.id = codes.family_id AND f.revoked_at IS NULL) RETURNING key"
)
_SPEND_REFRESH = Statement(
    "UPDATE refresh_tokens SET spent_at = {2}, salt = {3} WHERE key = {1} AND spent_at IS NULL"
    " AND EXISTS (SELECT 1 FROM families f"
    " WHERE f.id = refresh_tokens.family_id AND f.revoked_at IS NULL) RETURNING key"
)


def access_token_values(token: AccessToken) -> tuple[Any, ...]:
    return (
        token.key,
        token.client_id,
        token.family_id,
        token.user_id,
        " ".join(sorted(token.scope)),
        to_micros(token.issued_at),
        to_micros(token.expires_at),
    )


def _refresh_token_values(token: RefreshToken) -> tuple[Any, ...]:
    return (token.key, token.family_id, to_micros(token.issued_at), to_micros(token.expires_at))


def _issue(*access: Any) -> Operation[bool]:
    yield ADD_ACCESS_TOKEN, access
    return True


def _redeem(key: bytes, at: int, *tokens: Any) -> Operation[bool]:
    if not (yield _SPEND_CODE, (key, at)):
        return False
    yield from _add_tokens(tokens)
    return True


def _rotate(key: bytes, at: int, salt: bytes, *tokens: Any) -> Operation[bool]:
    if not (yield _SPEND_REFRESH, (key, at, salt)):
        return False
    yield from _add_tokens(tokens)
    return True


def _add_tokens(tokens: tuple[Any, ...]) -> Operation[None]:
    access, refresh = tokens[:7], tokens[7:]
    if access[0] is not None:
        yield ADD_ACCESS_TOKEN, access
    if refresh[0] is not None:
        yield _ADD_REFRESH, refresh


# PostgreSQL: one statement over arrays. The rows to spend are locked in one order; a row that
# another server spends meanwhile is looked at again and passed over (READ COMMITTED). Each table
# is entered by `= ANY` or by one key at a time, so that no plan can walk through all of it.
_BATCH_TAIL = """,
new_access AS (
  INSERT INTO access_tokens (key, client_id, family_id, user_id, scope, issued_at, expires_at)
  SELECT a_key, a_client, a_family, a_user, a_scope, a_issued, a_expires
  FROM input JOIN spent USING (n) WHERE a_key IS NOT NULL
),
new_refresh AS (
  INSERT INTO refresh_tokens (key, family_id, issued_at, expires_at)
  SELECT r_key, r_family, r_issued, r_expires
  FROM input JOIN spent USING (n) WHERE r_key IS NOT NULL
)
SELECT n FROM spent"""
_NEW_ROWS = (
    "a_key, a_client, a_family, a_user, a_scope, a_issued, a_expires,"
    " r_key, r_family, r_issued, r_expires, n"
)

_ISSUE = Batch(
    name="issue",
    operation=_issue,
    postgres="""
WITH input AS (
  SELECT * FROM unnest($1::bytea[], $2::text[], $3::bytea[], $4::bigint[], $5::text[],
    $6::bigint[], $7::bigint[], $8::int[])
  AS i (key, client_id, family_id, user_id, scope, issued_at, expires_at, n)
),
saved AS (
  INSERT INTO access_tokens (key, client_id, family_id, user_id, scope, issued_at, expires_at)
  SELECT key, client_id, family_id, user_id, scope, issued_at, expires_at FROM input
)
SELECT n FROM input""",
)
_REDEEM = Batch(
    name="redeem",
    operation=_redeem,
    postgres=f"""
WITH input AS (
  SELECT * FROM unnest($1::bytea[], $2::bigint[],
    $3::bytea[], $4::text[], $5::bytea[], $6::bigint[], $7::text[], $8::bigint[], $9::bigint[],
    $10::bytea[], $11::bytea[], $12::bigint[], $13::bigint[], $14::int[])
  AS i (key, at, {_NEW_ROWS})
),
free AS (
  SELECT c.key FROM codes c WHERE c.key = ANY ($1::bytea[]) AND c.redeemed_at IS NULL
    AND (SELECT f.revoked_at IS NULL FROM families f WHERE f.id = c.family_id)
  ORDER BY c.key FOR UPDATE OF c
),
spent AS (
  UPDATE codes c SET redeemed_at = first.at
  FROM (SELECT DISTINCT ON (key) * FROM input ORDER BY key, n) AS first JOIN free USING (key)
  WHERE c.key = first.key AND c.key = ANY ($1::bytea[]) AND c.redeemed_at IS NULL
  RETURNING first.n
){_BATCH_TAIL}""",
)
_ROTATE = Batch(
    name="rotate",
    operation=_rotate,
    postgres=f"""
WITH input AS (
  SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[],
    $4::bytea[], $5::text[], $6::bytea[], $7::bigint[], $8::text[], $9::bigint[], $10::bigint[],
    $11::bytea[], $12::bytea[], $13::bigint[], $14::bigint[], $15::int[])
  AS i (key, at, salt, {_NEW_ROWS})
),
free AS (
  SELECT t.key FROM refresh_tokens t WHERE t.key = ANY ($1::bytea[]) AND t.spent_at IS NULL
    AND (SELECT f.revoked_at IS NULL FROM families f WHERE f.id = t.family_id)
  ORDER BY t.key FOR UPDATE OF t
),
spent AS (
  UPDATE refresh_tokens t SET spent_at = first.at, salt = first.salt
  FROM (SELECT DISTINCT ON (key) * FROM input ORDER BY key, n) AS first JOIN free USING (key)
  WHERE t.key = first.key AND t.key = ANY ($1::bytea[]) AND t.spent_at IS NULL
  RETURNING first.n
){_BATCH_TAIL}""",
)

_REVOKE_FAMILY = Statement(
    "UPDATE families SET revoked_at = {2} WHERE id = {1} AND revoked_at IS NULL RETURNING id"
)
_DROP_ACCESS = Statement("DELETE FROM access_tokens WHERE key = {1} RETURNING key")
_REVOKE_JWT = Statement(
    "INSERT INTO revoked_jwts (jti, expires_at) VALUES ({1}, {2}) ON CONFLICT (jti) DO NOTHING"
)


class Tokens(Table):
    async def find_code(self, key: bytes) -> FoundCode | None:
        row = await self._database.one(_FIND_CODE, key)
        if row is None:
            return None
        return FoundCode(
            code=AuthorizationCode(
                key=row[0],
                family_id=row[1],
                redirect_uri=row[19],
                challenge=row[20],
                nonce=row[21],
                expires_at=from_micros(row[22]),
            ),
            family=_to_family(row[1:9]),
            revoked=bool(row[9]),
            user=to_user(row[10:19]),
            redeemed_at=from_micros_or_none(row[23]),
        )

    async def find_refresh_token(self, key: bytes) -> FoundRefreshToken | None:
        row = await self._database.one(_FIND_REFRESH, key)
        if row is None:
            return None
        return FoundRefreshToken(
            token=RefreshToken(
                key=row[0],
                family_id=row[1],
                issued_at=from_micros(row[19]),
                expires_at=from_micros(row[20]),
            ),
            family=_to_family(row[1:9]),
            revoked=bool(row[9]),
            user=to_user(row[10:19]),
            spent_at=from_micros_or_none(row[21]),
            salt=row[22],
        )

    async def find_access_token(self, key: bytes) -> FoundAccessToken | None:
        row = await self._database.one(_FIND_ACCESS, key)
        if row is None:
            return None
        return FoundAccessToken(
            client_id=row[1],
            family_id=row[2],
            scope=frozenset(row[3].split()),
            issued_at=from_micros(row[4]),
            expires_at=from_micros(row[5]),
            revoked=bool(row[6]),
            user=None if row[7] is None else to_user(row[7:]),
        )

    async def standing(self, jti: str, client_id: str, family_id: bytes | None) -> Standing | None:
        values = (jti, client_id, family_id, 0 if family_id is None else 1)
        rows = await self._database.rows(_STANDING, *values)
        if not rows:
            return None
        return Standing(user=None if rows[0][0] is None else to_user(rows[0]))

    async def issue(self, access: AccessToken) -> None:
        await self._database.put(_ISSUE, access_token_values(access))

    async def redeem(
        self,
        code: AuthorizationCode,
        at: datetime,
        access: AccessToken | None,
        refresh: RefreshToken | None,
    ) -> bool:
        values = (code.key, to_micros(at), *_tokens(access, refresh))
        return await self._database.put(_REDEEM, values)

    async def rotate(
        self,
        spends: RefreshToken,
        at: datetime,
        salt: bytes,
        access: AccessToken | None,
        heir: RefreshToken,
    ) -> bool:
        values = (spends.key, to_micros(at), salt, *_tokens(access, heir))
        return await self._database.put(_ROTATE, values)

    async def revoke_family(self, family_id: bytes, at: datetime) -> bool:
        return bool(await self._database.write(execute(_REVOKE_FAMILY, family_id, to_micros(at))))

    async def revoke_access_token(self, key: bytes) -> bool:
        return bool(await self._database.write(execute(_DROP_ACCESS, key)))

    async def revoke_jwt(self, jti: str, expires_at: datetime) -> None:
        await self._database.write(execute(_REVOKE_JWT, jti, to_micros(expires_at)))


def _tokens(access: AccessToken | None, refresh: RefreshToken | None) -> tuple[Any, ...]:
    return (
        *(_NO_ACCESS if access is None else access_token_values(access)),
        *(_NO_REFRESH if refresh is None else _refresh_token_values(refresh)),
    )
