"""The table `exchanged_tokens`, apart from `access_tokens`: checks of other tokens do not read it.

A row names the token that was exchanged, and a read joins that: nothing has to be written to the
row when it is revoked. A row of a token that was exchanged again is deleted with its parent, by
foreign key.
"""

from quantimodo.model.exchanged_tokens import ExchangedToken
from quantimodo.model.tokens import FoundAccessToken
from quantimodo.ports.stores import Conflict
from quantimodo.protocol.token_exchange import LONGEST_CHAIN
from quantimodo.storage.database import KeyedRead, Operation, Statement, execute
from quantimodo.storage.rows import Column, Part, RowReader
from quantimodo.storage.tables.retention_rules import expired
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.texts import (
    confirmation_text,
    scope_text,
    to_confirmation,
    to_scope,
    to_words_or_none,
    words_text,
)
from quantimodo.storage.tables.tokens import STATE
from quantimodo.storage.tables.users import USER
from quantimodo.storage.timestamps import from_micros, to_micros

_FOUND = RowReader(
    FoundAccessToken,
    Column("exchanged_key", sql="t.key"),
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
    Column("actors", to_words_or_none),
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
_COLUMNS = (
    "INSERT INTO exchanged_tokens (key, client_id, grant_id, scope, issued_at, expires_at,"
    " confirmation, details, actors, parent_key, subject_key, subject_jti)"
)
_VALUES = "{1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}, {10}"
_ADD = Statement(f"{_COLUMNS} VALUES ({_VALUES}, {{11}}, {{12}})")
# What the first token of the chain was exchanged for ends the new one, too.
_ADD_AGAIN = Statement(
    f"{_COLUMNS} SELECT {_VALUES}, subject_key, subject_jti FROM exchanged_tokens"
    " WHERE key = {11} RETURNING key"
)
_IDS = ", ".join(f"{{{number + 1}}}" for number in range(LONGEST_CHAIN))
_ENABLED = Statement(f"SELECT id FROM clients WHERE id IN ({_IDS}) AND disabled_at IS NULL")
_DELETE = Statement("DELETE FROM exchanged_tokens WHERE key = {1} RETURNING key")


class ExchangedTokens(Table):
    """Implements `ExchangedTokenStore`."""

    retention = (expired("exchanged_tokens", "key"),)

    async def exchanged_token(self, key: bytes) -> FoundAccessToken | None:
        token = _FOUND.read_found(await self._database.one(_FIND, key))
        if token is None or token.revoked:
            return token
        others = set(token.actors) - {token.client_id, token.granted_to}
        return token._replace(revoked=not await self._are_enabled(others)) if others else token

    async def _are_enabled(self, clients: set[str]) -> bool:
        ids = sorted(clients)
        padded = [*ids, *ids[-1:] * (LONGEST_CHAIN - len(ids))]
        return len(await self._database.rows(_ENABLED, *padded)) == len(ids)

    async def add_exchanged_token(self, token: ExchangedToken) -> None:
        values = (
            token.key,
            token.client_id,
            token.grant_id,
            scope_text(token.scope),
            to_micros(token.issued_at),
            to_micros(token.expires_at),
            confirmation_text(token.confirmation),
            token.details,
            words_text(token.actors) or None,
            token.parent_key,
        )

        def operation() -> Operation[None]:
            if token.parent_key is None:
                yield _ADD, (*values, token.subject_key, token.subject_jti)
            elif not (yield _ADD_AGAIN, (*values, token.parent_key)):
                raise Conflict("the token that was exchanged has ended")

        await self._database.write(operation)

    async def delete_exchanged_token(self, key: bytes) -> bool:
        return bool(await self._database.write(execute(_DELETE, key)))
