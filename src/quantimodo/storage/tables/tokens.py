"""The tables `codes`, `refresh_tokens`, `access_tokens` and `revoked_jwts`: the hot path.

Each read of a token joins client, grant and person in one statement, so it also returns whether one
of them was revoked, disabled or deleted. The hot writes are in `token_batches.py`.
"""

from datetime import datetime
from functools import lru_cache
from typing import Final

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
from quantimodo.storage.database import KeyedRead, Operation, Statement, execute
from quantimodo.storage.rows import Column, Part, RowReader, UnreadColumn
from quantimodo.storage.tables.event_outbox import REVOKED_COLUMNS, report_revoked
from quantimodo.storage.tables.retention_rules import DAY, expired, oldest
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.texts import (
    to_claims_request,
    to_confirmation,
    to_scope,
    to_words,
    to_words_or_none,
)
from quantimodo.storage.tables.token_batches import (
    ADD_ACCESS_BATCH,
    REDEEM,
    ROTATE,
    access_token_values,
    token_values,
)
from quantimodo.storage.tables.users import USER
from quantimodo.storage.timestamps import from_micros, from_micros_or_none, to_micros

# ------------------------------------------------------------------------------------- reading

GRANT: Final = RowReader(
    Grant,
    "id",
    "client_id",
    "user_id",
    Column("scope", to_scope),
    Column("authenticated_at", from_micros),
    Column("created_at", from_micros),
    Column("expires_at", from_micros),
    Column("methods", to_words),
    "sid",
    Column("claims_request", to_claims_request),
    "details",
    "public_id",
    table="g",
)
_CODE = RowReader(
    AuthorizationCode,
    "key",
    "grant_id",
    "redirect_uri",
    "challenge",
    "nonce",
    Column("expires_at", from_micros),
    Column("confirmation", to_confirmation),
    table="t",
)
_REFRESH_TOKEN = RowReader(
    RefreshToken,
    "key",
    "grant_id",
    Column("issued_at", from_micros),
    Column("expires_at", from_micros),
    Column("confirmation", to_confirmation),
    table="t",
)
_REVOKED = "(g.revoked_at IS NOT NULL OR u.disabled_at IS NOT NULL)"
_FOUND_CODE = RowReader(
    FoundCode,
    Part("code", _CODE),
    Part("grant", GRANT),
    Part("user", USER),
    Column("redeemed_at", from_micros_or_none),
    Column("revoked", bool, sql=_REVOKED),
    table="t",
)
_FIND_CODE = KeyedRead(
    f"SELECT {_FOUND_CODE.columns}"
    " FROM codes t JOIN grants g ON g.id = t.grant_id JOIN users u ON u.id = g.user_id"
    " JOIN clients c ON c.id = g.client_id WHERE t.key"
)
_FOUND_REFRESH_TOKEN = RowReader(
    FoundRefreshToken,
    Part("token", _REFRESH_TOKEN),
    Part("grant", GRANT),
    Part("user", USER),
    Column("spent_at", from_micros_or_none),
    "successor_nonce",
    Column("revoked", bool, sql=_REVOKED),
    table="t",
)
_FIND_REFRESH_TOKEN = KeyedRead(
    f"SELECT {_FOUND_REFRESH_TOKEN.columns}"
    " FROM refresh_tokens t JOIN grants g ON g.id = t.grant_id"
    " JOIN users u ON u.id = g.user_id JOIN clients c ON c.id = g.client_id WHERE t.key"
)


@lru_cache(maxsize=1024)
def _is_special(metadata: str) -> bool:
    """Whether the client may have registered something that userinfo depends on. A match in
    unrelated metadata costs one more read; nothing that was registered is missed."""
    return "userinfo_" in metadata or "pairwise" in metadata


_USER_OR_NONE = Part("user", USER, optional=True)
# The state of a grant and its client, for each kind of access token.
STATE = (
    Column("claims_request", to_claims_request, sql="g.claims_request"),
    Column("special", _is_special, sql="c.metadata"),
    Column("details", sql="g.details"),
    Column("authenticated_at", from_micros_or_none, sql="g.authenticated_at"),
    Column("methods", to_words_or_none, sql="g.methods"),
)
# In the order of the value's fields, so that each bearer check reads its row by position.
_FOUND_ACCESS_TOKEN = RowReader(
    FoundAccessToken,
    UnreadColumn("t.key"),
    "client_id",
    _USER_OR_NONE,
    Column("scope", to_scope),
    Column("issued_at", from_micros),
    # A person can end a grant earlier than its tokens.
    Column(
        "expires_at",
        from_micros,
        sql="CASE WHEN g.expires_at < t.expires_at THEN g.expires_at ELSE t.expires_at END",
    ),
    Column(
        "revoked",
        bool,
        sql="(c.disabled_at IS NOT NULL OR u.disabled_at IS NOT NULL OR g.revoked_at IS NOT NULL"
        " OR (t.grant_id IS NOT NULL AND (g.id IS NULL OR u.id IS NULL)))",
    ),
    "grant_id",
    *STATE,
    Column("confirmation", to_confirmation),
    Column("token_details", sql="t.details"),
    table="t",
)
_FIND_ACCESS_TOKEN = KeyedRead(
    f"SELECT {_FOUND_ACCESS_TOKEN.columns} FROM access_tokens t"
    " JOIN clients c ON c.id = t.client_id"
    " LEFT JOIN grants g ON g.id = t.grant_id LEFT JOIN users u ON u.id = t.user_id"
    " WHERE t.key"
)
_FIND_GRANT = KeyedRead(f"SELECT {GRANT.columns} FROM grants g WHERE g.id")
_TOKEN_STATUS = RowReader(
    TokenStatus,
    _USER_OR_NONE,
    *STATE,
    Column("expires_at", from_micros_or_none, sql="g.expires_at"),
)
_FIND_TOKEN_STATUS = Statement(
    f"SELECT {_TOKEN_STATUS.columns} FROM clients c"
    " LEFT JOIN grants g ON g.id = {3} LEFT JOIN users u ON u.id = g.user_id"
    " WHERE c.id = {2} AND c.disabled_at IS NULL"
    " AND ({4} = 0 OR (g.revoked_at IS NULL AND u.id IS NOT NULL AND u.disabled_at IS NULL))"
    " AND NOT EXISTS (SELECT 1 FROM revoked_jwts r WHERE r.jti = {1})"
)

# ------------------------------------------------------------------------------------- writing

_REVOKE_GRANT = Statement(
    "UPDATE grants SET revoked_at = {2} WHERE id = {1} AND revoked_at IS NULL"
    f" RETURNING {REVOKED_COLUMNS}"
)
_DELETE_ACCESS_TOKEN = Statement("DELETE FROM access_tokens WHERE key = {1} RETURNING key")
_REVOKED_JWT = KeyedRead("SELECT jti FROM revoked_jwts WHERE jti")
_REVOKE_JWT = Statement(
    "INSERT INTO revoked_jwts (jti, expires_at) VALUES ({1}, {2}) ON CONFLICT (jti) DO NOTHING"
)


class Tokens(Table):
    """Implements `TokenStore`."""

    retention = (
        # A redeemed code is kept for a day, so that its second use is seen for what it is.
        oldest("codes", "key", f"expires_at <= {{1}} - {DAY}"),
        oldest("access_tokens", "key", "expires_at <= {1}"),
        # A token that is spent just before its end gives its successor for as long as that one
        # lives (v2-api.md §6), so each row stays for its lifetime once more.
        oldest("refresh_tokens", "key", "2 * expires_at - issued_at <= {1}"),
        expired("revoked_jwts", "jti"),
    )

    async def authorization_code(self, key: bytes) -> FoundCode | None:
        return _FOUND_CODE.read_found(await self._database.one(_FIND_CODE, key))

    async def refresh_token(self, key: bytes) -> FoundRefreshToken | None:
        return _FOUND_REFRESH_TOKEN.read_found(await self._database.one(_FIND_REFRESH_TOKEN, key))

    async def access_token(self, key: bytes) -> FoundAccessToken | None:
        return _FOUND_ACCESS_TOKEN.read_found(await self._database.one(_FIND_ACCESS_TOKEN, key))

    async def grant(self, grant_id: bytes) -> Grant | None:
        return GRANT.read_found(await self._database.one(_FIND_GRANT, grant_id))

    async def token_status(
        self, jti: str, client_id: str, grant_id: bytes | None
    ) -> TokenStatus | None:
        values = (jti, client_id, grant_id, 0 if grant_id is None else 1)
        return _TOKEN_STATUS.read_first(await self._database.rows(_FIND_TOKEN_STATUS, *values))

    async def add_access_token(self, access: AccessToken) -> None:
        await self._database.put(ADD_ACCESS_BATCH, access_token_values(access))

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
        token: RefreshToken,
        at: datetime,
        successor_nonce: bytes,
        access: AccessToken | None,
        successor: RefreshToken,
    ) -> bool:
        values = (token.key, to_micros(at), successor_nonce, *token_values(access, successor))
        return await self._database.put(ROTATE, values)

    async def revoke_grant(self, grant_id: bytes, at: datetime) -> bool:
        moment = to_micros(at)

        def operation() -> Operation[bool]:
            revoked = yield _REVOKE_GRANT, (grant_id, moment)
            yield from report_revoked(revoked, moment)
            return bool(revoked)

        return await self._database.write(operation)

    async def revoke_access_token(self, key: bytes) -> bool:
        return bool(await self._database.write(execute(_DELETE_ACCESS_TOKEN, key)))

    async def revoke_jwt(self, jti: str, expires_at: datetime) -> None:
        await self._database.write(execute(_REVOKE_JWT, jti, to_micros(expires_at)))

    async def is_revoked_jwt(self, jti: str) -> bool:
        return await self._database.one(_REVOKED_JWT, jti) is not None
