"""The tables `throttles` and `leases`: counters and leases that all processes share."""

from datetime import datetime, timedelta

from quantimodo.storage.database import KeyedRead, Statement, execute
from quantimodo.storage.rows import first_value
from quantimodo.storage.tables.retention_rules import expired
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import to_micros

_HIT = Statement(
    "INSERT INTO throttles (key, hits, resets_at) VALUES ({1}, 1, {2})"
    " ON CONFLICT (key) DO UPDATE SET"
    " hits = CASE WHEN throttles.resets_at <= {3} THEN 1 ELSE throttles.hits + 1 END,"
    " resets_at = CASE WHEN throttles.resets_at <= {3} THEN {2} ELSE throttles.resets_at END"
    " RETURNING hits"
)
_HITS = KeyedRead("SELECT key, hits, resets_at FROM throttles WHERE key")
_RESET = Statement("DELETE FROM throttles WHERE key = {1}")
_UNDO_HIT = Statement("UPDATE throttles SET hits = hits - 1 WHERE key = {1} AND hits > 0")
_LEASE = Statement(
    "INSERT INTO leases (name, holder, expires_at) VALUES ({1}, {2}, {3})"
    " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at"
    " WHERE leases.holder = excluded.holder OR leases.expires_at <= {4} RETURNING 1"
)


class Throttles(Table):
    """Implements `ThrottleStore`."""

    retention = (expired("throttles", "key", at="resets_at"),)

    async def hit(self, key: bytes, window: timedelta, at: datetime) -> int:
        statement = execute(_HIT, key, to_micros(at + window), to_micros(at))
        hits: int = first_value(await self._database.write(statement))
        return hits

    async def hits(self, key: bytes, at: datetime) -> int:
        row = await self._database.one(_HITS, key)
        if row is None:
            return 0
        _, hits, resets_at = row
        return hits if resets_at > to_micros(at) else 0

    async def reset(self, key: bytes) -> None:
        await self._database.write(execute(_RESET, key))

    async def undo_hit(self, key: bytes) -> None:
        await self._database.write(execute(_UNDO_HIT, key))


class Leases(Table):
    """Implements `LeaseStore`."""

    retention = (expired("leases", "name"),)

    async def lease(self, name: str, holder: str, lifetime: timedelta, at: datetime) -> bool:
        statement = execute(_LEASE, name, holder, to_micros(at + lifetime), to_micros(at))
        return bool(await self._database.write(statement))
