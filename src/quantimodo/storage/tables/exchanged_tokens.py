"""The table `exchanged_tokens`, apart from `access_tokens`: checks of other tokens do not read it.

A row names the token that was exchanged, and a read joins that: nothing has to be written to the
row when it is revoked.
"""

from quantimodo.model.exchanged_tokens import ExchangedToken
from quantimodo.model.tokens import FoundAccessToken
from quantimodo.storage.database import KeyedRead, Statement, execute
from quantimodo.storage.rows import Column, Part, RowReader, Unread
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.texts import confirmation_text, scope_text, to_confirmation, to_scope
from quantimodo.storage.tables.tokens import STATE
from quantimodo.storage.tables.users import USER
from quantimodo.storage.timestamps import from_micros, to_micros

_FOUND = RowReader(
    FoundAccessToken,
    Unread("t.key"),
    "client_id",
    Part("user", USER),
    Column("scope", to_scope),
    Column("issued_at", from_micros),
    Column(
        "expires_at",
        from_micros,
        sql="CASE WHEN g.expires_at < t.expires_at THEN g.expires_at ELSE t.expires_at END",
    ),
    Column(
        "revoked",
        bool,
        sql="(c.disabled_at IS NOT NULL OR actor.disabled_at IS NOT NULL"
        " OR u.disabled_at IS NOT NULL OR g.revoked_at IS NOT NULL"
        " OR (t.subject_key IS NOT NULL AND subject.key IS NULL)"
        " OR revoked.jti IS NOT NULL)",
    ),
    "grant_id",
    *STATE,
    Column("confirmation", to_confirmation),
    Column("token_details", sql="t.details"),
    Column("granted_to", sql="g.client_id"),
    table="t",
)
_FIND = KeyedRead(
    f"SELECT {_FOUND.columns} FROM exchanged_tokens t"
    " JOIN grants g ON g.id = t.grant_id JOIN users u ON u.id = g.user_id"
    " JOIN clients c ON c.id = g.client_id JOIN clients actor ON actor.id = t.client_id"
    " LEFT JOIN access_tokens subject ON subject.key = t.subject_key"
    " LEFT JOIN revoked_jwts revoked ON revoked.jti = t.subject_jti"
    " WHERE t.key"
)
_ADD = Statement(
    "INSERT INTO exchanged_tokens (key, client_id, grant_id, scope, issued_at, expires_at,"
    " subject_key, subject_jti, confirmation, details)"
    " VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}, {10})"
)
_DROP = Statement("DELETE FROM exchanged_tokens WHERE key = {1} RETURNING key")


class ExchangedTokens(Table):
    """Implements `ExchangedTokenStore`."""

    async def exchanged_token(self, key: bytes) -> FoundAccessToken | None:
        return _FOUND.read_found(await self._database.one(_FIND, key))

    async def add_exchanged_token(self, token: ExchangedToken) -> None:
        values = (
            token.key,
            token.client_id,
            token.grant_id,
            scope_text(token.scope),
            to_micros(token.issued_at),
            to_micros(token.expires_at),
            token.subject_key,
            token.subject_jti,
            confirmation_text(token.confirmation),
            token.details,
        )
        await self._database.write(execute(_ADD, *values))

    async def drop_exchanged_token(self, key: bytes) -> bool:
        return bool(await self._database.write(execute(_DROP, key)))
