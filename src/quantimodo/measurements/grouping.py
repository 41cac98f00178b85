"""Measurements put together by spans of time: `groupingWidth` and `groupingTimezone`.

A span begins at a local time that is a multiple of the width since local midnight of 1970, so that
days are local days, whatever the summer time does. Every moment is in one span, and spans follow
each other: what begins later is in no earlier one.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import fsum
from zoneinfo import ZoneInfo

from quantimodo.measurements.times import FIRST, LAST
from quantimodo.model.measurements import Measurement, Micros

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL_EPOCH = _EPOCH.replace(tzinfo=None)  # a local time of any zone
_MICROSECOND = timedelta(microseconds=1)
_DAY = 86_400 * 1_000_000
_AT_ONCE = 50  # measurements between two turns of the event loop


@dataclass(frozen=True, slots=True)
class Grouping:
    width: Micros
    zone: ZoneInfo

    def start(self, at: Micros) -> Micros:
        """Where the span begins that `at` is in; never before the year 1."""
        try:
            local = self._local(at)
            start = self._start(local, at)
            if local.fold:
                # The clock was set back a moment ago. A span that was over then is over.
                change = self._change(self._moment(local, fold=0), at)
                start = max(start, self._start(self._local(change - 1), change - 1))
        except OverflowError:  # at the ends of the calendar
            start = at // self.width * self.width
        return max(start, FIRST)

    def _local(self, at: Micros) -> datetime:
        return (_EPOCH + timedelta(microseconds=at)).astimezone(self.zone)

    def _start(self, local: datetime, at: Micros) -> Micros:
        passed = (local.replace(tzinfo=None) - _LOCAL_EPOCH) // _MICROSECOND
        begins = _LOCAL_EPOCH + timedelta(microseconds=passed // self.width * self.width)
        first, second = self._moment(begins, fold=0), self._moment(begins, fold=1)
        if first > second:  # that time never came: the clock was set from before it to behind it
            return self._change(second, first)
        # One that came twice begins two spans, unless the span is days long.
        return first if second > at or self.width % _DAY == 0 else second

    def _moment(self, local: datetime, *, fold: int) -> Micros:
        return (local.replace(tzinfo=self.zone, fold=fold) - _EPOCH) // _MICROSECOND

    def _change(self, before: Micros, after: Micros) -> Micros:
        """The first moment of the clock as it is `after`."""
        ahead = self._local(after).utcoffset()
        while after - before > 1:
            middle = (before + after) // 2
            if self._local(middle).utcoffset() == ahead:
                after = middle
            else:
                before = middle
        return after


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What was measured of one variable in one span. `sample` is its first measurement; `source`
    and `unit_id` are None where they differ."""

    start: Micros
    value: float
    source: str | None
    number: int
    sample: Measurement
    created_at: Micros
    updated_at: Micros


class _Spans:
    """Remembers the span of the last moment: the next measurement is often in the same one."""

    def __init__(self, grouping: Grouping) -> None:
        self._grouping = grouping
        self._first, self._last, self._begins = 1, 0, 0  # of no moment yet

    def start(self, at: Micros) -> Micros:
        if self._first <= at <= self._last:
            return self._begins
        begins = self._grouping.start(at)
        self._first = self._last = at
        self._begins = begins
        # Spans follow each other, so that all between two moments of one span are in it too.
        end = begins + self._grouping.width - 1
        if end > at and end <= LAST and self._grouping.start(end) == begins:
            self._last = end
        self._first = begins
        return begins


async def grouped(
    chunks: AsyncIterator[Sequence[Measurement]],
    grouping: Grouping,
    value_of: Callable[[Measurement], float],
    *,
    descending: bool,
) -> AsyncIterator[Group]:
    """Groups in the order of the measurements, which come by start; in one span by variable."""
    current: Micros | None = None
    members: dict[str, list[Measurement]] = {}
    spans, taken = _Spans(grouping), 0
    async for chunk in chunks:
        for one in chunk:
            taken += 1
            if taken % _AT_ONCE == 0:
                await asyncio.sleep(0)  # less than a millisecond of work between two turns
            start = spans.start(one.start)
            if current is not None and start != current:
                for group in _groups(current, members, value_of, descending):
                    yield group
                members = {}
            current = start
            members.setdefault(one.variable, []).append(one)
    if current is not None:
        for group in _groups(current, members, value_of, descending):
            yield group


def _groups(
    start: Micros,
    members: dict[str, list[Measurement]],
    value_of: Callable[[Measurement], float],
    descending: bool,
) -> Iterable[Group]:
    for name in sorted(members, reverse=descending):
        yield _group(start, members[name], value_of)


def _group(
    start: Micros, members: list[Measurement], value_of: Callable[[Measurement], float]
) -> Group:
    sample = members[0]
    total = fsum(map(value_of, members))
    sources = {one.source for one in members}
    return Group(
        start=start,
        value=total if sample.combination == "SUM" else total / len(members),
        source=sources.pop() if len(sources) == 1 else None,
        number=len(members),
        sample=sample,
        created_at=min(one.created_at for one in members),
        updated_at=max(one.updated_at for one in members),
    )
