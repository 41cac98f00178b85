"""Caches the number of measurements of each person of an application, while it requests page after
page of them.

Counting ten million measurements for each page of a hundred would cost more than the pages. Only
the numbers are cached, for a minute; who allows the application to read is read for each page.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from quantimodo.model.measurements import AllowedMeasurements, Filter, Filters
from quantimodo.ports.clock import Clock
from quantimodo.ports.measurement_stores import MeasurementStore

_LIFETIME: Final = timedelta(minutes=1)
_MOST_QUERIES: Final = 16
_PEOPLE_AT_ONCE: Final = 100  # between two turns of the event loop
_Numbers = dict[tuple[tuple[AllowedMeasurements, ...], int], int]  # by restriction and person


class _CachedNumbers(NamedTuple):
    """The numbers of one query, and the time when the first of them was counted."""

    since: datetime
    numbers: _Numbers


class CountCache:
    """The cache of one process. It has the numbers of at most 16 queries."""

    def __init__(self, store: MeasurementStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[tuple[str, Filters], _CachedNumbers] = {}

    async def of(
        self, app: str, user_ids: Sequence[int], filters: Filters, *, first_page: bool
    ) -> Mapping[int, int]:
        """The number of measurements of each of these people that match the filters. `first_page`:
        the numbers are counted again. One page calls this once for each restriction of a consent,
        with the people who have it."""
        allowed = tuple(each for each in filters if isinstance(each, AllowedMeasurements))
        key = app, tuple(each for each in filters if isinstance(each, Filter))
        now = self._clock.now()
        since, known = self._known.pop(key, _CachedNumbers(now, {}))
        if now - since >= _LIFETIME:
            since, known = now, {}
        numbers: dict[int, int] = {}
        if not first_page:
            numbers = {
                user_id: known[allowed, user_id]
                for user_id in user_ids
                if (allowed, user_id) in known
            }
        await self._count([each for each in user_ids if each not in numbers], filters, numbers)
        known |= {(allowed, user_id): number for user_id, number in numbers.items()}
        while len(self._known) >= _MOST_QUERIES:
            del self._known[next(iter(self._known))]
        self._known[key] = _CachedNumbers(since, known)
        return numbers

    async def _count(
        self, user_ids: Sequence[int], filters: Filters, numbers: dict[int, int]
    ) -> None:
        for start in range(0, len(user_ids), _PEOPLE_AT_ONCE):
            batch = user_ids[start : start + _PEOPLE_AT_ONCE]
            found = await self._store.count_measurements(batch, filters)
            numbers |= {user_id: found.get(user_id, 0) for user_id in batch}
            await asyncio.sleep(0)  # so that other requests can run
