"""The table `personal_tokens`. The access log records uses (`access_log.py`)."""

from collections.abc import Sequence

from quantimodo.model.personal_tokens import NewPersonalToken, PersonalToken, as_client_id
from quantimodo.model.tokens import FoundAccessToken
from quantimodo.protocol.consent_details import from_json_or_none, to_json_or_none
from quantimodo.storage.database import KeyedRead, Operation, Statement, execute
from quantimodo.storage.rows import Column, Part, RowReader, UnreadColumn, first_value
from quantimodo.storage.tables.retention_rules import expired
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.texts import confirmation_text, scope_text, to_confirmation, to_scope
from quantimodo.storage.tables.users import LOCK_PERSON, OWN_SESSION, USER
from quantimodo.storage.timestamps import from_micros, from_micros_or_none, to_micros

_TOKEN = RowReader(
    PersonalToken,
    "key",
    "user_id",
    "name",
    Column("scope", to_scope),
    Column("details", from_json_or_none),
    Column("created_at", from_micros),
    Column("expires_at", from_micros),
    Column("confirmation", to_confirmation),
    "id",
    Column("used_at", from_micros_or_none),
)
_FOUND = RowReader(
    FoundAccessToken,
    UnreadColumn("t.key"),
    Column("client_id", as_client_id, sql="t.name"),
    Part("user", USER),
    Column("scope", to_scope),
    Column("issued_at", from_micros, sql="t.created_at"),
    Column("expires_at", from_micros),
    Column("revoked", bool, sql="(u.disabled_at IS NOT NULL OR u.deletes_at IS NOT NULL)"),
    "details",
    Column("confirmation", to_confirmation),
    table="t",
)
_FIND = KeyedRead(
    f"SELECT {_FOUND.columns} FROM personal_tokens t JOIN users u ON u.id = t.user_id WHERE t.key"
)
_OF_USER = Statement(
    f"SELECT {_TOKEN.columns} FROM personal_tokens WHERE user_id = {{1}} ORDER BY id"
)
_DELETE_EXPIRED = Statement("DELETE FROM personal_tokens WHERE user_id = {1} AND expires_at <= {2}")
_COUNT = Statement("SELECT COUNT(*) FROM personal_tokens WHERE user_id = {1}")
_ADD = Statement(
    "INSERT INTO personal_tokens (key, user_id, name, scope, details, created_at, expires_at,"
    " confirmation) VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7}, {8})"
)
_DELETE = Statement(
    f"DELETE FROM personal_tokens WHERE user_id = {{1}} AND id = {{2}} RETURNING {_TOKEN.columns}"
)
_DELETE_ALL = Statement(
    f"DELETE FROM personal_tokens WHERE user_id = {{1}} RETURNING {_TOKEN.columns}"
)
_DELETE_PRESENTED = Statement(
    f"DELETE FROM personal_tokens WHERE key = {{1}} RETURNING {_TOKEN.columns}"
)


class PersonalTokens(Table):
    """Implements `PersonalTokenStore`."""

    retention = (expired("personal_tokens", "id"),)

    async def personal_token(self, key: bytes) -> FoundAccessToken | None:
        return _FOUND.read_found(await self._database.one(_FIND, key))

    async def personal_tokens_of(self, user_id: int) -> Sequence[PersonalToken]:
        return _TOKEN.read_all(await self._database.list_rows(_OF_USER, user_id))

    async def add_personal_token(self, token: NewPersonalToken, session: bytes, most: int) -> bool:
        user_id, created_at = token.user_id, to_micros(token.created_at)

        def operation() -> Operation[bool]:
            yield LOCK_PERSON, (user_id,)
            if not (yield OWN_SESSION, (user_id, session)):
                return False
            yield _DELETE_EXPIRED, (user_id, created_at)
            if first_value((yield _COUNT, (user_id,))) >= most:
                return False
            yield (
                _ADD,
                (
                    token.key,
                    user_id,
                    token.name,
                    scope_text(token.scope),
                    to_json_or_none(token.details),
                    created_at,
                    to_micros(token.expires_at),
                    confirmation_text(token.confirmation),
                ),
            )
            return True

        return await self._database.write(operation)

    async def delete_personal_token(self, user_id: int, token_id: int) -> PersonalToken | None:
        return _TOKEN.read_first(await self._database.write(execute(_DELETE, user_id, token_id)))

    async def delete_personal_tokens(self, user_id: int) -> Sequence[PersonalToken]:
        deleted = _TOKEN.read_all(await self._database.write(execute(_DELETE_ALL, user_id)))
        return sorted(deleted, key=lambda each: each.id)

    async def delete_presented_token(self, key: bytes) -> PersonalToken | None:
        return _TOKEN.read_first(await self._database.write(execute(_DELETE_PRESENTED, key)))
