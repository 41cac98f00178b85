"""Measurements put together by spans of time: `groupingWidth` and `groupingTimezone`.

A span begins at a local time that is a multiple of the width since local midnight of 1970, so that
days are local days, whatever the summer time does.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import fsum
from zoneinfo import ZoneInfo

from quantimodo.model.measurements import Measurement, Micros

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL_EPOCH = _EPOCH.replace(tzinfo=None)  # a local time of any zone
_MICROSECOND = timedelta(microseconds=1)
_DAY = 86_400 * 1_000_000


@dataclass(frozen=True, slots=True)
class Grouping:
    width: Micros
    zone: ZoneInfo

    def start(self, at: Micros) -> Micros:
        """Where the span begins that `at` is in."""
        try:
            local = (_EPOCH + timedelta(microseconds=at)).astimezone(self.zone)
            passed = (local.replace(tzinfo=None) - _LOCAL_EPOCH) // _MICROSECOND
            begins = _LOCAL_EPOCH + timedelta(microseconds=passed // self.width * self.width)
            return self._moment(begins, at)
        except OverflowError:  # at the ends of the calendar
            return at // self.width * self.width

    def _moment(self, local: datetime, at: Micros) -> Micros:
        first, second = (
            (local.replace(tzinfo=self.zone, fold=fold) - _EPOCH) // _MICROSECOND for fold in (0, 1)
        )
        # A local time that comes twice begins two spans, unless the span is days long; one that
        # never comes begins where the clock was set.
        if self.width % _DAY == 0 or max(first, second) > at:
            return min(first, at) if first <= second else min(second, at)
        return max(first, second)


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


async def grouped(
    chunks: AsyncIterator[Sequence[Measurement]],
    grouping: Grouping,
    value_of: Callable[[Measurement], float],
) -> AsyncIterator[Group]:
    """Groups in the order of the measurements, which come by start; in one span by variable."""
    current: Micros | None = None
    members: dict[str, list[Measurement]] = {}
    descending = False
    async for chunk in chunks:
        for one in chunk:
            start = grouping.start(one.start)
            if current is not None and start != current:
                descending = descending or start < current
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
