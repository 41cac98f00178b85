"""measurements-api.md §6: `groupingWidth` and `groupingTimezone`. Each moment is in one span,
whatever the clocks of the zone do."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones
from zoneinfo._zoneinfo import ZoneInfo as PythonZoneInfo  # reads the changes of a file

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantimodo.measurements.grouping import Grouping
from quantimodo.measurements.times import FIRST, LAST, parse_time

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
# Clocks that change at night, at midnight, by half an hour, by a whole day, and never.
ZONES = (
    *("Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Africa/Cairo", "America/Havana"),
    *("Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata", "UTC"),
)
zones = st.sampled_from(ZONES).map(ZoneInfo)
widths = st.sampled_from([60, 900, 1_800, 3_600, 5_400, 9_000, 21_600, 86_400, 604_800]).map(
    lambda seconds: seconds * SECOND
) | st.integers(1, 366 * 86_400).map(lambda seconds: seconds * SECOND)


def changes(zone: ZoneInfo) -> list[int]:
    """The moments, to a quarter of an hour, when the clock of a zone is set, from 1990 to 2030."""
    found, before = [], None
    for day in range(40 * 366):
        at = datetime(1990, 1, 1, tzinfo=UTC) + timedelta(days=day)
        offset = at.astimezone(zone).utcoffset()
        if before is not None and offset != before:
            quarters = (at - timedelta(minutes=15 * number) for number in range(97))
            first = min(each for each in quarters if each.astimezone(zone).utcoffset() == offset)
            found.append(int(first.timestamp()) * SECOND)
        before = offset
    return found


CHANGES = {name: changes(ZoneInfo(name)) or [0] for name in ZONES}


@st.composite
def moments(draw: st.DrawFn) -> tuple[ZoneInfo, int, int]:
    """A zone, and two moments near to one of its changes."""
    name = draw(st.sampled_from(ZONES))
    at = draw(st.sampled_from(CHANGES[name]))
    near = st.integers(-30 * 60, 30 * 60).map(lambda minutes: at + minutes * 60 * SECOND)
    return ZoneInfo(name), draw(near), draw(near | st.integers(FIRST, LAST))


@given(moments(), widths)
def test_spans_follow_each_other(found: tuple[ZoneInfo, int, int], width: int) -> None:
    zone, one, other = found
    grouping = Grouping(width, zone)
    first, second = grouping.start(min(one, other)), grouping.start(max(one, other))
    assert first <= second
    assert first <= min(one, other)
    assert grouping.start(first) == first, "a span begins within itself"


@given(moments())
def test_days_are_local_days(found: tuple[ZoneInfo, int, int]) -> None:
    zone, at, _ = found
    start = Grouping(DAY, zone).start(at)
    begun, local = (_local(each, zone) for each in (start, at))
    assert begun.date() == local.date()
    assert _local(start - 1, zone).date() < begun.date(), "nothing of the day came before"


@given(moments(), st.sampled_from([1, 2, 3, 4, 6, 8, 12]))
def test_spans_of_hours_begin_at_the_hour_of_the_clock(
    found: tuple[ZoneInfo, int, int], hours: int
) -> None:
    zone, at, _ = found
    begun = _local(Grouping(hours * HOUR, zone).start(at), zone)
    changed = zone.utcoffset(begun) != zone.utcoffset(begun - timedelta(hours=hours))
    assert changed or (begun.hour % hours, begun.minute, begun.second) == (0, 0, 0)


@pytest.mark.parametrize(
    ("zone", "width", "at", "start"),
    [
        ("Europe/Berlin", 24, "2026-03-29T12:00:00+02:00", "2026-03-29T00:00:00+01:00"),
        ("Europe/Berlin", 24, "2026-10-25T23:00:00+01:00", "2026-10-25T00:00:00+02:00"),
        # The hour that comes twice is two.
        ("Europe/Berlin", 1, "2026-10-25T02:30:00+02:00", "2026-10-25T02:00:00+02:00"),
        ("Europe/Berlin", 1, "2026-10-25T02:30:00+01:00", "2026-10-25T02:00:00+01:00"),
        # A day whose midnight never comes begins when the clock was set.
        ("America/Sao_Paulo", 24, "2017-10-15T12:00:00-02:00", "2017-10-15T01:00:00-02:00"),
        # What ended before the clock was set back does not begin again.
        ("America/New_York", 1.5, "2026-11-01T01:10:00-05:00", "2026-11-01T01:30:00-04:00"),
    ],
)
def test_where_spans_begin_when_the_clock_is_set(
    zone: str, width: float, at: str, start: str
) -> None:
    grouping = Grouping(int(width * HOUR), ZoneInfo(zone))
    assert grouping.start(parse_time(at)) == parse_time(start)


@given(zones, widths, st.integers(0, 400 * 86_400), st.booleans())
def test_the_calendar_ends_for_spans_too(
    zone: ZoneInfo, width: int, seconds: int, late: bool
) -> None:
    at = LAST - seconds * SECOND if late else FIRST + seconds * SECOND
    assert FIRST <= Grouping(width, zone).start(at) <= at


@given(moments(), widths)
def test_rules_give_the_spans(found: tuple[ZoneInfo, int, int], width: int) -> None:
    zone, one, other = found
    _assert_rules(Grouping(width, zone), one, other if abs(other - one) < DAY * 3_000 else one)


@given(zones, widths, st.integers(0, 400 * 86_400), st.integers(0, 3 * 86_400), st.booleans())
def test_rules_give_the_spans_at_the_ends_of_the_calendar(
    zone: ZoneInfo, width: int, seconds: int, others: int, late: bool
) -> None:
    one, other = (each * SECOND for each in (seconds, others))
    at = (LAST - one, LAST - other) if late else (FIRST + one, FIRST + other)
    _assert_rules(Grouping(width, zone), *at)


def test_no_zone_changes_its_clock_twice_within_three_days() -> None:
    """`_changes_in_year` probes every third day."""
    near = list[str]()
    for name in available_timezones():
        zone = PythonZoneInfo.no_cache(name)
        times = [datetime.fromtimestamp(at, UTC) for at in sorted(zone._trans_utc)]
        offsets = [at.astimezone(zone).utcoffset() for at in times]
        changed = [
            at
            for at, before, after in zip(times[1:], offsets, offsets[1:], strict=False)
            if before != after
        ]
        if any(following - at <= timedelta(days=3) for at, following in pairwise(changed)):
            near.append(name)
    assert near == []


def _assert_rules(grouping: Grouping, one: int, other: int) -> None:
    first, last = sorted((one, other))
    rules = list(grouping.rules(first, last))
    assert [rules[0].first, rules[-1].last] == [first, last]
    for rule, following in pairwise(rules):
        assert following.first == rule.last + 1
    middles = [(rule.first + rule.last) // 2 for rule in rules]
    near = [rule.first + rule.width + more for rule in rules for more in (-1, 0)]
    ends = [end for rule in rules for end in (rule.first, rule.last)]
    moments = {at for at in (*middles, *near, *ends) if first <= at <= last}
    for at in sorted(moments)[:400]:
        (rule,) = [each for each in rules if each.first <= at <= each.last]
        begins = rule.begins + (at - rule.first) // rule.width * rule.width
        assert begins == grouping.start(at), (at, rule)


def _local(at: int, zone: ZoneInfo) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone(zone)
