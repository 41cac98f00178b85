"""The access log: which apps read or wrote a person's data or acted for them elsewhere, shown to
that person.

Written in background batches. Equal accesses within an hour are one row, so an app that reads a
hundred pages costs one. Equal ones that wait for the same batch are added up when they are
recorded. Reads of profiles are as frequent as requests to userinfo, so they are written less often.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from quantimodo.model.measurements import Access, AccessAction
from quantimodo.ops.batch_writer import BatchWriter
from quantimodo.ports.clock import Clock
from quantimodo.ports.measurement_stores import AccessLogStore
from quantimodo.ports.stores import Conflict

_PROFILE_PAUSE = 5.0  # seconds; repeated reads by an app of a person are one write

_Key = tuple[int, str, AccessAction, str, str, int]  # the last one is the hour


@dataclass(slots=True)
class _Sum:
    """Equal accesses within an hour."""

    key: _Key
    first_at: datetime
    last_at: datetime
    measurements: int
    requests: int

    def access(self) -> Access:
        user_id, client_id, action, variable, category, _ = self.key
        return Access(
            user_id=user_id,
            client_id=client_id,
            action=action,
            first_at=self.first_at,
            last_at=self.last_at,
            variable=variable,
            category=category,
            measurements=self.measurements,
            requests=self.requests,
        )


class AccessLog:
    """Implements `AccessRecorder`. `start` begins its tasks, `close` writes the rest."""

    def __init__(self, store: AccessLogStore, clock: Clock, capacity: int = 10_000) -> None:
        self._store = store
        self._clock = clock
        self._open: dict[_Key, _Sum] = {}
        self._writer = BatchWriter[_Sum]("accesses", self._write, capacity)
        self._profiles = BatchWriter[_Sum](
            "profile_reads", self._write, capacity, pause=_PROFILE_PAUSE
        )

    def start(self) -> None:
        """Begin to write in the background, until `close`."""
        self._writer.start()
        self._profiles.start()

    async def flush(self) -> None:
        """Write what is buffered. Raises `Unavailable`, and then the rest is still buffered."""
        await self._writer.flush()
        await self._profiles.flush()

    async def close(self) -> None:
        """Write what is buffered and end. What cannot be written is lost and logged."""
        await self._writer.close()
        await self._profiles.close()

    def record(self, access: Access) -> None:
        at, last_at = access.first_at, access.last_at
        what = (access.action, access.variable, access.category)
        key = (access.user_id, access.client_id, *what, _hour(at))
        self._add(self._writer, _Sum(key, at, last_at, access.measurements, access.requests))

    def record_profile(self, user_id: int, client_id: str) -> None:
        now = self._clock.now()
        key: _Key = (user_id, client_id, "profile", "", "", _hour(now))
        known = self._open.get(key)
        if known is None:
            self._add(self._profiles, _Sum(key, now, now, 0, 1))
        else:
            known.last_at = max(known.last_at, now)
            known.requests += 1

    def record_exchange(self, user_id: int, client_id: str, api: str, actor_id: str) -> None:
        now = self._clock.now()
        key: _Key = (user_id, client_id, "exchange", api, actor_id, _hour(now))
        self._add(self._writer, _Sum(key, now, now, 0, 1))

    def _add(self, writer: BatchWriter[_Sum], added: _Sum) -> None:
        known = self._open.get(added.key)
        if known is None:
            if writer.add(added):
                self._open[added.key] = added
            return
        known.last_at = max(known.last_at, added.last_at)
        known.measurements += added.measurements
        known.requests += added.requests

    async def _write(self, sums: Sequence[_Sum]) -> None:
        # From now on they do not change: what is recorded meanwhile is written in the next batch.
        for each in sums:
            if self._open.get(each.key) is each:
                del self._open[each.key]
        try:
            await self._store.add_accesses(_merged(sums))
        except Conflict:
            if len(sums) > 1:
                raise  # then each is written separately
            # The person was deleted meanwhile; their access log is deleted too.


def _merged(sums: Sequence[_Sum]) -> list[Access]:
    """One access for each key: a batch that could not be written may have a key twice."""
    by_key: dict[_Key, _Sum] = {}
    for one in sums:
        known = by_key.get(one.key)
        by_key[one.key] = (
            one
            if known is None
            else _Sum(
                one.key,
                min(known.first_at, one.first_at),
                max(known.last_at, one.last_at),
                known.measurements + one.measurements,
                known.requests + one.requests,
            )
        )
    return [each.access() for each in by_key.values()]


def _hour(at: datetime) -> int:
    return at.toordinal() * 24 + at.hour
