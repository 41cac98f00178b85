"""The tables `codes`, `refresh_tokens`, `access_tokens` and `revoked_jwts`: the hot path.

A find is one read that joins client, grant and person, so that what was revoked, disabled or
deleted is known in the same breath. The hot writes are in `token_batches.py`.
"""

from datetime import datetime
from functools import lru_cache

from quantimodo.model.tokens import (
    AccessToken,
    AuthorizationCode,
    FoundAccessToken,
    FoundCode,
    FoundRefreshToken,
    Grant,
    RefreshToken,
    TokenStatus,
)
from quantimodo.storage.database import KeyedRead, Row, Statement, execute
from quantimodo.storage.tables.claims_requests import to_asked
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.token_batches import (
    ISSUE,
    REDEEM,
    ROTATE,
    access_token_values,
    token_values,
)
from quantimodo.storage.tables.users import USER_COLUMNS, to_user
from quantimodo.storage.timestamps import from_micros, from_micros_or_none, to_micros

# ------------------------------------------------------------------------------------- finding

_GRANT_COLUMNS = (
    "f.id, f.client_id, f.user_id, f.scope, f.methods, f.authenticated_at, f.created_at,"
    " f.expires_at, (f.revoked_at IS NOT NULL OR u.disabled_at IS NOT NULL)"
)
_FIND_CODE = KeyedRead(
    f"SELECT t.key, {_GRANT_COLUMNS}, {USER_COLUMNS},"
    " t.redirect_uri, t.challenge, t.nonce, t.expires_at, t.redeemed_at, f.sid, f.claims_request"
    " FROM codes t JOIN grants f ON f.id = t.grant_id JOIN users u ON u.id = f.user_id"
    " JOIN clients c ON c.id = f.client_id WHERE t.key"
)
_FIND_REFRESH = KeyedRead(
    f"SELECT t.key, {_GRANT_COLUMNS}, {USER_COLUMNS},"
    " t.issued_at, t.expires_at, t.spent_at, t.successor_nonce, f.sid, f.claims_request"
    " FROM refresh_tokens t JOIN grants f ON f.id = t.grant_id"
    " JOIN users u ON u.id = f.user_id JOIN clients c ON c.id = f.client_id WHERE t.key"
)
_FIND_ACCESS = KeyedRead(
    "SELECT t.key, t.client_id, t.grant_id, t.scope, t.issued_at, t.expires_at,"
    " (c.disabled_at IS NOT NULL OR u.disabled_at IS NOT NULL OR f.revoked_at IS NOT NULL"
    " OR (t.grant_id IS NOT NULL AND (f.id IS NULL OR u.id IS NULL))),"
    f" {USER_COLUMNS}, f.claims_request, c.metadata FROM access_tokens t"
    " JOIN clients c ON c.id = t.client_id"
    " LEFT JOIN grants f ON f.id = t.grant_id LEFT JOIN users u ON u.id = t.user_id"
    " WHERE t.key"
)
_STANDING = Statement(
    f"SELECT {USER_COLUMNS}, f.claims_request, c.metadata FROM clients c"
    " LEFT JOIN grants f ON f.id = {3} LEFT JOIN users u ON u.id = f.user_id"
    " WHERE c.id = {2} AND c.disabled_at IS NULL"
    " AND ({4} = 0 OR (f.revoked_at IS NULL AND u.id IS NOT NULL AND u.disabled_at IS NULL))"
    " AND NOT EXISTS (SELECT 1 FROM revoked_jwts r WHERE r.jti = {1})"
)


def _to_grant(row: Row, sid: str | None, claims_request: str | None) -> Grant:
    return Grant(
        id=row[0],
        client_id=row[1],
        user_id=row[2],
        scope=frozenset(row[3].split()),
        methods=tuple(row[4].split()),
        authenticated_at=from_micros(row[5]),
        created_at=from_micros(row[6]),
        expires_at=from_micros(row[7]),
        sid=sid,
        claims_request=to_asked(claims_request),
    )


_REVOKE_GRANT = Statement(
    "UPDATE grants SET revoked_at = {2} WHERE id = {1} AND revoked_at IS NULL RETURNING id"
)
_DROP_ACCESS = Statement("DELETE FROM access_tokens WHERE key = {1} RETURNING key")
_REVOKED_JWT = KeyedRead("SELECT jti FROM revoked_jwts WHERE jti")
_REVOKE_JWT = Statement(
    "INSERT INTO revoked_jwts (jti, expires_at) VALUES ({1}, {2}) ON CONFLICT (jti) DO NOTHING"
)


@lru_cache(maxsize=1024)
def _scope(text: str) -> frozenset[str]:
    return frozenset(text.split())


@lru_cache(maxsize=1024)
def _is_special(metadata: str) -> bool:
    """Whether this client registered something that userinfo depends on. A word too many costs one
    more read, no word is ever missed."""
    return "userinfo_" in metadata or "pairwise" in metadata


class Tokens(Table):
    async def find_code(self, key: bytes) -> FoundCode | None:
        row = await self._database.one(_FIND_CODE, key)
        if row is None:
            return None
        return FoundCode(
            code=AuthorizationCode(
                key=row[0],
                grant_id=row[1],
                redirect_uri=row[19],
                challenge=row[20],
                nonce=row[21],
                expires_at=from_micros(row[22]),
            ),
            grant=_to_grant(row[1:9], row[24], row[25]),
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
                grant_id=row[1],
                issued_at=from_micros(row[19]),
                expires_at=from_micros(row[20]),
            ),
            grant=_to_grant(row[1:9], row[23], row[24]),
            revoked=bool(row[9]),
            user=to_user(row[10:19]),
            spent_at=from_micros_or_none(row[21]),
            successor_nonce=row[22],
        )

    async def find_access_token(self, key: bytes) -> FoundAccessToken | None:
        row = await self._database.one(_FIND_ACCESS, key)
        if row is None:
            return None
        return FoundAccessToken(
            client_id=row[1],
            grant_id=row[2],
            scope=_scope(row[3]),
            issued_at=from_micros(row[4]),
            expires_at=from_micros(row[5]),
            revoked=bool(row[6]),
            user=None if row[7] is None else to_user(row[7:16]),
            claims_request=to_asked(row[16]),
            special=_is_special(row[17]),
        )

    async def token_status(
        self, jti: str, client_id: str, grant_id: bytes | None
    ) -> TokenStatus | None:
        values = (jti, client_id, grant_id, 0 if grant_id is None else 1)
        rows = await self._database.rows(_STANDING, *values)
        if not rows:
            return None
        user, claims_request, metadata = rows[0][:9], rows[0][9], rows[0][10]
        return TokenStatus(
            None if user[0] is None else to_user(user),
            to_asked(claims_request),
            _is_special(metadata),
        )

    async def issue(self, access: AccessToken) -> None:
        await self._database.put(ISSUE, access_token_values(access))

    async def redeem(
        self,
        code: AuthorizationCode,
        at: datetime,
        access: AccessToken | None,
        refresh: RefreshToken | None,
    ) -> bool:
        values = (code.key, to_micros(at), *token_values(access, refresh))
        return await self._database.put(REDEEM, values)

    async def rotate(
        self,
        spends: RefreshToken,
        at: datetime,
        successor_nonce: bytes,
        access: AccessToken | None,
        successor: RefreshToken,
    ) -> bool:
        values = (spends.key, to_micros(at), successor_nonce, *token_values(access, successor))
        return await self._database.put(ROTATE, values)

    async def revoke_grant(self, grant_id: bytes, at: datetime) -> bool:
        return bool(await self._database.write(execute(_REVOKE_GRANT, grant_id, to_micros(at))))

    async def revoke_access_token(self, key: bytes) -> bool:
        return bool(await self._database.write(execute(_DROP_ACCESS, key)))

    async def revoke_jwt(self, jti: str, expires_at: datetime) -> None:
        await self._database.write(execute(_REVOKE_JWT, jti, to_micros(expires_at)))

    async def is_revoked_jwt(self, jti: str) -> bool:
        return await self._database.one(_REVOKED_JWT, jti) is not None
