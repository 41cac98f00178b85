"""The table `registration_tokens`: initial access tokens for dynamic registration (RFC 7591 §3)."""

from collections.abc import Sequence
from datetime import datetime

from quantimodo.model.registrations import RegistrationToken
from quantimodo.storage.database import KeyedRead, Statement, execute
from quantimodo.storage.rows import Column, RowReader
from quantimodo.storage.tables.retention_rules import RetentionRule, expired
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import from_micros, to_micros

_TOKEN = RowReader(
    RegistrationToken,
    "key",
    "label",
    "uses_left",
    Column("created_at", from_micros),
    Column("expires_at", from_micros),
)
_ALL = Statement(
    f"SELECT {_TOKEN.columns} FROM registration_tokens ORDER BY created_at, key LIMIT 1000"
)
_BY_KEY = KeyedRead(f"SELECT {_TOKEN.columns} FROM registration_tokens WHERE key")
_ADD = Statement(
    f"INSERT INTO registration_tokens ({_TOKEN.columns}) VALUES ({{1}}, {{2}}, {{3}}, {{4}}, {{5}})"
)
_SPEND = Statement(
    "UPDATE registration_tokens SET uses_left = uses_left - 1"
    " WHERE key = {1} AND uses_left > 0 AND expires_at > {2} RETURNING key"
)
_DELETE = Statement("DELETE FROM registration_tokens WHERE key = {1} RETURNING key")


class Registrations(Table):
    """Implements `RegistrationStore`."""

    retention = (
        expired("registration_tokens", "key"),
        # Applications that registered by themselves and that have no consent; those that have one
        # are proven.
        RetentionRule(
            "clients",
            Statement(
                "DELETE FROM clients WHERE id IN (SELECT client_id FROM unused_clients u"
                " WHERE expires_at <= {1} AND NOT EXISTS"
                " (SELECT 1 FROM consents c WHERE c.client_id = u.client_id)"
                " ORDER BY expires_at LIMIT {2}) RETURNING 1"
            ),
        ),
        RetentionRule(
            "unused_clients",
            Statement(
                "DELETE FROM unused_clients WHERE client_id IN (SELECT client_id"
                " FROM unused_clients u WHERE expires_at <= {1} AND EXISTS"
                " (SELECT 1 FROM consents c WHERE c.client_id = u.client_id)"
                " ORDER BY expires_at LIMIT {2}) RETURNING 1"
            ),
        ),
    )

    async def registration_tokens(self) -> Sequence[RegistrationToken]:
        return _TOKEN.read_all(await self._database.list_rows(_ALL))

    async def registration_token(self, key: bytes) -> RegistrationToken | None:
        return _TOKEN.read_found(await self._database.one(_BY_KEY, key))

    async def add_registration_token(self, token: RegistrationToken) -> None:
        values = (
            token.key,
            token.label,
            token.uses_left,
            to_micros(token.created_at),
            to_micros(token.expires_at),
        )
        await self._database.write(execute(_ADD, *values))

    async def use_registration_token(self, key: bytes, now: datetime) -> bool:
        return bool(await self._database.write(execute(_SPEND, key, to_micros(now))))

    async def delete_registration_token(self, key: bytes) -> bool:
        return bool(await self._database.write(execute(_DELETE, key)))
