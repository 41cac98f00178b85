"""Deletes expired rows in small batches, inside the server.

Owns the intervals and the sizes of batches; `RetentionStore` decides which rows are expired. One
process at a time deletes: the one with the lease.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from quantimodo.ports.background_stores import LeaseStore, RetentionStore
from quantimodo.ports.clock import Clock

_BATCH: Final = 500
_MOST_BATCHES: Final = 200  # of one table at a time, so that no table delays the others
_PAUSE: Final = 0.02  # seconds between batches: requests go first
_LEASE: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Cleaner:
    store: RetentionStore
    leases: LeaseStore
    clock: Clock
    holder: str
    pause: float = _PAUSE
    most: int = _MOST_BATCHES

    async def round(self) -> int:
        """Clean every table if this process holds the lease, and return the number of deleted rows.

        A server at its limit adds tokens faster than one batch deletes them, so batches repeat
        until none is full.
        """
        total, cut_short = 0, True
        while cut_short and await self._may_clean():
            deleted = [await self._table(table) for table in self.store.expiring_tables]
            total += sum(deleted)
            cut_short = max(deleted, default=0) >= self.most * _BATCH
        return total

    async def _may_clean(self) -> bool:
        return await self.leases.lease("cleaner", self.holder, _LEASE, self.clock.now())

    async def _table(self, table: str) -> int:
        total = 0
        for _ in range(self.most):
            deleted = await self.store.delete_expired(table, self.clock.now(), _BATCH)
            total += deleted
            if deleted < _BATCH:
                break
            await asyncio.sleep(self.pause)
        return total
