"""How many measurements each of an app's people has: counted when a walk through their pages
begins, and remembered while it goes on.

To count ten million for each page of a hundred would cost more than all pages. Who lets the app
read is looked up at each page all the same; only their numbers are remembered, for a minute.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from quantimodo.model.measurements import Filters
from quantimodo.ports.clock import Clock
from quantimodo.ports.measurements import MeasurementStore

_REMEMBERED: Final = timedelta(minutes=1)
_MOST_WALKS: Final = 16
_AT_ONCE: Final = 100  # people, between two breaths


class CountCache:
    """Of one process. Its memory is bounded by the number of walks."""

    def __init__(self, store: MeasurementStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[tuple[str, Filters], tuple[datetime, dict[int, int]]] = {}

    async def of(
        self, app: str, user_ids: Sequence[int], filters: Filters, *, begins: bool
    ) -> Mapping[int, int]:
        """`begins`: the first page is requested, and the numbers are counted again."""
        now, key = self._clock.now(), (app, filters)
        since, known = self._known.pop(key, (now, {}))
        if begins or now - since >= _REMEMBERED:
            since, known = now, {}
        await self._count([each for each in user_ids if each not in known], filters, known)
        while len(self._known) >= _MOST_WALKS:
            del self._known[next(iter(self._known))]
        self._known[key] = since, known
        return {user_id: known[user_id] for user_id in user_ids}

    async def _count(
        self, user_ids: Sequence[int], filters: Filters, known: dict[int, int]
    ) -> None:
        for start in range(0, len(user_ids), _AT_ONCE):
            some = user_ids[start : start + _AT_ONCE]
            found = await self._store.count_measurements(some, filters)
            known |= {user_id: found.get(user_id, 0) for user_id in some}
            await asyncio.sleep(0)  # others have their turn
