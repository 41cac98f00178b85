"""Limits of reads: how many run at once for one person, how long one may take, and how many groups
it may have."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.grouping import Grouping
from quantimodo.model.measurements import Filters, Micros
from quantimodo.ports.measurement_stores import MeasurementStore
from quantimodo.ports.stores import TooSlow, Unavailable

_MOST_WAITING: Final = 16  # reads of one person; more are refused
MOST_SPANS: Final = 20_000  # of `groupingWidth` between the first and the last measurement


class TooManyReads(Unavailable):
    """The person, or the application, already has as many reads waiting as are allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPolicy:
    """`per_person` reads run at once; each must be done within `seconds`, its wait included."""

    per_person: int = 1
    seconds: float = 10.0


class ReadLimits:
    """The limits of one process. It stores nothing of people who are not reading."""

    def __init__(self, policy: ReadPolicy) -> None:
        self._policy = policy
        self._places: dict[Hashable, _Places] = {}

    @asynccontextmanager
    async def place(self, reader: Hashable) -> AsyncIterator[None]:
        """Wait for one of the reader's places, and hold it for the block.

        Raises `TooManyReads` when too many reads of this reader wait, and `TooSlow` after the
        deadline, at which the block is cancelled.
        """
        places = self._places.get(reader)
        if places is None:
            places = self._places[reader] = _Places(asyncio.Semaphore(self._policy.per_person))
        if places.taken >= self._policy.per_person + _MOST_WAITING:
            raise TooManyReads("too many reads at once")
        places.taken += 1
        try:
            async with asyncio.timeout(self._policy.seconds), places.free:
                yield
        except TimeoutError:
            raise TooSlow("the read took too long") from None
        finally:
            places.taken -= 1
            if not places.taken:
                self._places.pop(reader, None)


@dataclass(slots=True)
class _Places:
    free: asyncio.Semaphore
    taken: int = 0


async def check_spans(
    store: MeasurementStore, user_id: int, filters: Filters, grouping: Grouping
) -> tuple[Micros, Micros] | None:
    """The start times of the person's first and last measurement, None without any.

    Raises `MeasurementError` when there are more spans between them than one request may read.
    """
    ends = [
        row.start
        for descending in (False, True)
        for row in await store.measurements_after(user_id, filters, None, 1, descending=descending)
    ]
    if not ends:
        return None
    if max(ends) - min(ends) > grouping.width * MOST_SPANS:
        raise MeasurementError(
            f"groupingWidth makes more than {MOST_SPANS} groups in time; take a wider one, or"
            " less time by startTime and endTime"
        )
    return min(ends), max(ends)
