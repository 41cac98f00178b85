"""The access log: which apps read or wrote a person's measurements, shown to that person.

Written in background batches. Equal accesses within an hour are one row, so an app that reads a
hundred pages costs one.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from quantimodo.model.measurements import Access
from quantimodo.ops.batches import BatchWriter
from quantimodo.ports.measurements import AccessLogStore
from quantimodo.ports.stores import Conflict


class AccessLog:
    """Implements `AccessRecorder`. `start` begins its task, `close` writes the rest."""

    def __init__(self, store: AccessLogStore, capacity: int = 10_000) -> None:
        self._store = store
        self._writer = BatchWriter[Access]("accesses", self._write, capacity)
        self.start = self._writer.start
        self.flush = self._writer.flush
        self.close = self._writer.close

    def record(self, access: Access) -> None:
        self._writer.add(access)

    async def _write(self, accesses: Sequence[Access]) -> None:
        try:
            await self._store.add_accesses(_merged(accesses))
        except Conflict:
            if len(accesses) > 1:
                raise  # then each is written alone
            # The person was deleted meanwhile; their access log is deleted too.


def _merged(accesses: Sequence[Access]) -> list[Access]:
    found: dict[tuple[Any, ...], Access] = {}
    for one in accesses:
        hour = one.first_at.replace(minute=0, second=0, microsecond=0)
        key = (one.user_id, one.client_id, one.action, one.variable, one.category, hour)
        known = found.get(key)
        found[key] = one if known is None else _sum(known, one)
    return list(found.values())


def _sum(one: Access, other: Access) -> Access:
    return replace(
        one,
        first_at=min(one.first_at, other.first_at),
        last_at=max(one.last_at, other.last_at),
        measurements=one.measurements + other.measurements,
        requests=one.requests + other.requests,
    )
