"""Spans of time of groups of measurements: `groupingWidth` and `groupingTimezone`.

A span begins at a local time that is a multiple of the width since local midnight of 1970, so that
days are local days, also when summer time begins or ends. Every moment is in one span, and spans
follow each other. `Grouping.rules` describes the spans by integer arithmetic, for the database.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from quantimodo.measurements.times import FIRST, LAST, moment_of
from quantimodo.model.measurements import Micros, SpanRule

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL_EPOCH = _EPOCH.replace(tzinfo=None)  # a local time of any zone
_MICROSECOND = timedelta(microseconds=1)
_DAY = 86_400 * 1_000_000
_PROBE: Final = timedelta(days=3)  # no zone changes its clock twice within three days
_UNREPEATED: Final = 2**62  # the width of a span that a rule does not repeat


@dataclass(frozen=True, slots=True)
class Grouping:
    """Spans of this width in the local time of a zone."""

    width: Micros
    zone: ZoneInfo

    def start(self, at: Micros) -> Micros:
        """The first moment of the span that `at` is in; never before the year 1."""
        try:
            local = self._local(at)
            start = self._start(local, at)
            if local.fold:
                # The clock was set back less than one offset ago. A span that had ended before the
                # change does not begin again.
                change = _change(self.zone, self._moment(local, fold=0), at)
                start = max(start, self._start(self._local(change - 1), change - 1))
        except OverflowError:  # at the ends of the calendar
            start = at // self.width * self.width
        return max(start, FIRST)

    def _local(self, at: Micros) -> datetime:
        return moment_of(at).astimezone(self.zone)

    def _start(self, local: datetime, at: Micros) -> Micros:
        passed = (local.replace(tzinfo=None) - _LOCAL_EPOCH) // _MICROSECOND
        begins = _LOCAL_EPOCH + timedelta(microseconds=passed // self.width * self.width)
        first, second = self._moment(begins, fold=0), self._moment(begins, fold=1)
        if first > second:  # this local time does not exist: the clock was set forward over it
            return _change(self.zone, second, first)
        # A local time that exists twice begins two spans, unless the span is days long.
        return first if second > at or self.width % _DAY == 0 else second

    def _moment(self, local: datetime, *, fold: int) -> Micros:
        return (local.replace(tzinfo=self.zone, fold=fold) - _EPOCH) // _MICROSECOND

    def rules(self, first: Micros, last: Micros) -> Iterator[SpanRule]:
        """The spans of all moments from `first` to `last`, in order: for each of them, the one rule
        that holds it gives the result of `start`."""
        ends = self._calendar_ends()
        if first < ends[0]:
            yield from self._utc_rules(first, min(last, ends[0] - 1))
        begins = max(first, ends[0])
        for change in self._changes(begins, min(last, ends[1] - 1)):
            yield from self._local_rules(begins, change - 1)
            begins = change
        if begins < ends[1]:
            yield from self._local_rules(begins, min(last, ends[1] - 1))
        if last >= ends[1]:
            yield from self._utc_rules(max(first, ends[1]), last)

    def _calendar_ends(self) -> tuple[Micros, Micros]:
        """The time whose spans begin at local times of the calendar; outside, they are UTC's."""
        early, late = (_offset(self.zone, at) for at in (FIRST + 2 * _DAY, LAST - 2 * _DAY))
        return self._regular(FIRST + max(0, -early), early), LAST + 1 - max(0, late)

    def _changes(self, first: Micros, last: Micros) -> Iterator[Micros]:
        """The moments after `first`, up to `last`, when the offset of the zone changes."""
        if first > last:
            return
        for year in range(moment_of(first).year, moment_of(last).year + 1):
            for change in _changes_in_year(self.zone, year):
                if first < change <= last:
                    yield change

    def _local_rules(self, first: Micros, last: Micros) -> Iterator[SpanRule]:
        """For a time in which the offset does not change."""
        if first > last:
            return
        regular = self._regular(first, _offset(self.zone, first))
        if regular > first:
            yield SpanRule(first, min(last, regular - 1), self.start(first), _UNREPEATED)
        while regular <= last and (begins := self.start(regular)) != regular:
            yield SpanRule(regular, min(last, regular + self.width - 1), begins, _UNREPEATED)
            regular += self.width
        if regular <= last:
            yield SpanRule(regular, last, regular, self.width)

    def _utc_rules(self, first: Micros, last: Micros) -> Iterator[SpanRule]:
        """For the first and the last hours of the calendar."""
        regular = -(-first // self.width) * self.width
        if regular > first:
            yield SpanRule(first, min(last, regular - 1), self.start(first), _UNREPEATED)
        if regular <= last:
            begins = self.start(regular)
            yield SpanRule(regular, last, begins, self.width if begins == regular else _UNREPEATED)

    def _regular(self, at: Micros, offset: Micros) -> Micros:
        """The first multiple of the width, in local time at this offset, not before `at`."""
        return -(-(at + offset) // self.width) * self.width - offset


def _offset(zone: ZoneInfo, at: Micros) -> Micros:
    ahead = moment_of(at).astimezone(zone).utcoffset()
    return 0 if ahead is None else ahead // _MICROSECOND


def _change(zone: ZoneInfo, before: Micros, after: Micros) -> Micros:
    """The first moment, after `before`, at which the offset is that of `after`."""
    offset = _offset(zone, after)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(zone, middle) == offset:
            after = middle
        else:
            before = middle
    return after


@lru_cache(maxsize=4096)
def _changes_in_year(zone: ZoneInfo, year: int) -> tuple[Micros, ...]:
    """The moments of a UTC year when the offset of a zone changes."""
    first = (datetime(year, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND - 1
    last = (datetime(year, 12, 31, tzinfo=UTC) - _EPOCH) // _MICROSECOND + _DAY - 1
    first, last = max(first, FIRST + 2 * _DAY), min(last, LAST - 2 * _DAY)
    step, found = _PROBE // _MICROSECOND, list[Micros]()
    for at in range(first, last, step):
        end = min(at + step, last)
        if _offset(zone, at) != _offset(zone, end):
            found.append(_change(zone, at, end))
    return tuple(found)
