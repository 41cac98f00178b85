"""How many measurements each of an app's people has: counted when a walk through their pages
begins, and remembered while it goes on.

To count ten million for each page of a hundred would cost more than all pages. Who lets the app
read is looked up at each page all the same; only their numbers are remembered, for a minute.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from quantimodo.model.measurements import AllowedMeasurements, Filter, Filters
from quantimodo.ports.clock import Clock
from quantimodo.ports.measurement_stores import MeasurementStore

_REMEMBERED: Final = timedelta(minutes=1)
_MOST_WALKS: Final = 16
_Numbers = dict[tuple[tuple[AllowedMeasurements, ...], int], int]  # by restriction and person
_AT_ONCE: Final = 100  # people, between two breaths


class CountCache:
    """Of one process. Its memory is bounded by the number of walks."""

    def __init__(self, store: MeasurementStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[tuple[str, Filters], tuple[datetime, _Numbers]] = {}

    async def of(
        self, app: str, user_ids: Sequence[int], filters: Filters, *, begins: bool
    ) -> Mapping[int, int]:
        """`begins`: the first page is requested, and the numbers are counted again. One walk may
        ask several times, with each restriction of a consent for the people who have it."""
        allowed = tuple(each for each in filters if isinstance(each, AllowedMeasurements))
        key = app, tuple(each for each in filters if isinstance(each, Filter))
        now = self._clock.now()
        since, known = self._known.pop(key, (now, {}))
        if now - since >= _REMEMBERED:
            since, known = now, {}
        numbers: dict[int, int] = {}
        if not begins:
            numbers = {
                user_id: known[allowed, user_id]
                for user_id in user_ids
                if (allowed, user_id) in known
            }
        await self._count([each for each in user_ids if each not in numbers], filters, numbers)
        known |= {(allowed, user_id): number for user_id, number in numbers.items()}
        while len(self._known) >= _MOST_WALKS:
            del self._known[next(iter(self._known))]
        self._known[key] = since, known
        return numbers

    async def _count(
        self, user_ids: Sequence[int], filters: Filters, numbers: dict[int, int]
    ) -> None:
        for start in range(0, len(user_ids), _AT_ONCE):
            some = user_ids[start : start + _AT_ONCE]
            found = await self._store.count_measurements(some, filters)
            numbers |= {user_id: found.get(user_id, 0) for user_id in some}
            await asyncio.sleep(0)  # others have their turn
