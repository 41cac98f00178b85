"""The table `registration_tokens`: leave to register applications."""

from collections.abc import Sequence
from datetime import datetime

from quantimodo.model.registrations import RegistrationToken
from quantimodo.storage.database import KeyedRead, Row, Statement, execute
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import from_micros, to_micros

_COLUMNS = "key, label, uses_left, created_at, expires_at"
_ALL = Statement(f"SELECT {_COLUMNS} FROM registration_tokens ORDER BY created_at, key LIMIT 1000")
_BY_KEY = KeyedRead(f"SELECT {_COLUMNS} FROM registration_tokens WHERE key")
_ADD = Statement(
    f"INSERT INTO registration_tokens ({_COLUMNS}) VALUES ({{1}}, {{2}}, {{3}}, {{4}}, {{5}})"
)
_SPEND = Statement(
    "UPDATE registration_tokens SET uses_left = uses_left - 1"
    " WHERE key = {1} AND uses_left > 0 AND expires_at > {2} RETURNING key"
)
_DROP = Statement("DELETE FROM registration_tokens WHERE key = {1} RETURNING key")


def _to_token(row: Row) -> RegistrationToken:
    return RegistrationToken(
        key=bytes(row[0]),
        label=row[1],
        uses_left=row[2],
        created_at=from_micros(row[3]),
        expires_at=from_micros(row[4]),
    )


class Registrations(Table):
    async def registration_tokens(self) -> Sequence[RegistrationToken]:
        return [_to_token(row) for row in await self._database.list_rows(_ALL)]

    async def registration_token(self, key: bytes) -> RegistrationToken | None:
        row = await self._database.one(_BY_KEY, key)
        return None if row is None else _to_token(row)

    async def add_registration_token(self, token: RegistrationToken) -> None:
        values = (
            token.key,
            token.label,
            token.uses_left,
            to_micros(token.created_at),
            to_micros(token.expires_at),
        )
        await self._database.write(execute(_ADD, *values))

    async def spend_registration_token(self, key: bytes, now: datetime) -> bool:
        return bool(await self._database.write(execute(_SPEND, key, to_micros(now))))

    async def drop_registration_token(self, key: bytes) -> bool:
        return bool(await self._database.write(execute(_DROP, key)))
