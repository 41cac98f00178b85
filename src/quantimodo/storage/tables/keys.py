"""The table `signing_keys`."""

from collections.abc import Sequence
from datetime import datetime

from quantimodo.model.keys import SigningKey
from quantimodo.storage.database import Statement, execute
from quantimodo.storage.rows import Column, RowReader
from quantimodo.storage.tables.retention_rules import expired
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import (
    from_micros,
    from_micros_or_none,
    to_micros,
    to_micros_or_none,
)

_KEY = RowReader(
    SigningKey,
    "kid",
    "algorithm",
    "public_jwk",
    "sealed_private",
    Column("created_at", from_micros),
    Column("active_at", from_micros),
    Column("retires_at", from_micros_or_none),
)
_ALL = Statement(f"SELECT {_KEY.columns} FROM signing_keys ORDER BY created_at, active_at, kid")
# The unique (algorithm, replaces) admits one of many inserts. The condition requires the key that
# is replaced, or, for a first key, that there is no key of this algorithm.
_ADD = Statement(
    f"INSERT INTO signing_keys ({_KEY.columns}, replaces)"
    " SELECT {1}, {2}, {3}, {4}, {5}, {6}, {7}, {8} WHERE CASE WHEN {8} = ''"
    " THEN NOT EXISTS (SELECT 1 FROM signing_keys WHERE algorithm = {2})"
    " ELSE EXISTS (SELECT 1 FROM signing_keys WHERE algorithm = {2} AND kid = {8}) END"
    " ON CONFLICT (algorithm, replaces) DO NOTHING RETURNING kid"
)
_RETIRE = Statement(
    "UPDATE signing_keys SET retires_at = {2} WHERE kid = {1} AND retires_at IS NULL RETURNING kid"
)
_DELETE = Statement("DELETE FROM signing_keys WHERE kid = {1} RETURNING kid")


class Keys(Table):
    """Implements `KeyStore`."""

    retention = (expired("signing_keys", "kid", at="retires_at"),)

    async def signing_keys(self) -> Sequence[SigningKey]:
        return _KEY.read_all(await self._database.list_rows(_ALL))

    async def add_signing_key(self, key: SigningKey, replaces: str | None) -> bool:
        values = (
            key.kid,
            key.algorithm,
            key.public_jwk,
            key.sealed_private,
            to_micros(key.created_at),
            to_micros(key.active_at),
            to_micros_or_none(key.retires_at),
            replaces or "",
        )
        return bool(await self._database.write(execute(_ADD, *values)))

    async def retire_signing_key(self, kid: str, at: datetime) -> bool:
        return bool(await self._database.write(execute(_RETIRE, kid, to_micros(at))))

    async def delete_signing_key(self, kid: str) -> bool:
        return bool(await self._database.write(execute(_DELETE, kid)))
