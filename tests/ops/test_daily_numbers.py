"""The numbers of the server by day: which events and counters make them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest

from quantimodo.model.admin_actions import DayCount, HourCount
from quantimodo.model.client_log import DaySums
from quantimodo.model.server_counts import CountName, PeriodCount, Unit
from quantimodo.ops.daily_numbers import (
    _KINDS,
    KEPT_OF_CLIENTS,
    OF_CLIENTS,
    TITLES,
    DailyNumbers,
    by_week,
)
from quantimodo.storage.tables import client_log

TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)


@dataclass
class Counted:
    """Has these numbers, and remembers from when on it was asked for them."""

    events: Sequence[DayCount] = ()
    sums: Sequence[DaySums] = ()
    hours: Sequence[HourCount] = ()
    periods: Mapping[CountName, Sequence[PeriodCount]] = field(default_factory=dict)
    since: list[object] = field(default_factory=list)

    async def count_events(self, since: datetime) -> Sequence[DayCount]:
        self.since.append(since.isoformat())
        return self.events

    async def count_events_by_hour(self, since: datetime) -> Sequence[HourCount]:
        self.since.append(since)
        return self.hours

    async def counts(self, name: CountName, unit: Unit, since: datetime) -> Sequence[PeriodCount]:
        assert unit == "hour"
        return self.periods.get(name, ())

    async def days_of_all_clients(self, since: date) -> Sequence[DaySums]:
        self.since.append(since)
        return self.sums


def numbers(counted: Counted) -> DailyNumbers:
    return DailyNumbers(counted, counted, counted)  # type: ignore[arg-type]


async def test_each_day_has_a_number_of_each_series() -> None:
    counted = Counted()
    days = await numbers(counted).until(TODAY, 3)
    assert [each.first for each in days] == [TODAY - 2 * DAY, TODAY - DAY, TODAY]
    assert all(each.numbers == dict.fromkeys(TITLES, 0) for each in days)
    assert counted.since == ["2026-11-21T00:00:00+00:00", TODAY - 2 * DAY]


@pytest.mark.parametrize(
    ("kind", "series"), [(kind, name) for name, kinds in _KINDS.items() for kind in sorted(kinds)]
)
async def test_an_event_counts_on_its_day_in_its_series(kind: str, series: str) -> None:
    events = [
        DayCount(TODAY, kind, 2),
        DayCount(TODAY - DAY, kind, 5),
        DayCount(TODAY - 9 * DAY, kind, 7),  # before the first day
        DayCount(TODAY, "profile.changed", 9),
    ]
    before, today = await numbers(Counted(events)).until(TODAY, 2)
    assert before.numbers == {**dict.fromkeys(TITLES, 0), series: 5}
    assert today.numbers == {**dict.fromkeys(TITLES, 0), series: 2}


async def test_different_kinds_of_refused_sign_ins_add_up() -> None:
    events = [DayCount(TODAY, "session.refused", 2), DayCount(TODAY, "passkey.refused", 3)]
    (today,) = await numbers(Counted(events)).until(TODAY, 1)
    assert today.numbers["refused-sign-ins"] == 5


async def test_the_numbers_of_applications_are_those_of_all() -> None:
    sums = [DaySums(TODAY - 2 * DAY, 1, 1), DaySums(TODAY, 40, 3)]
    before, today = await numbers(Counted(sums=sums)).until(TODAY, 2)
    assert [today.numbers[name] for name in OF_CLIENTS] == [40, 3]
    assert [before.numbers[name] for name in OF_CLIENTS] == [0, 0]


async def test_hours_have_the_events_and_counts_of_their_hour() -> None:
    now, hour = datetime(2026, 11, 23, 5, 59, tzinfo=UTC), timedelta(hours=1)
    begins = now.replace(minute=0)
    counted = Counted(
        hours=[
            HourCount(begins, "session.refused", 2),
            HourCount(begins, "passkey.refused", 3),
            HourCount(begins - 9 * hour, "session.refused", 7),  # before the first hour
            HourCount(begins, "profile.changed", 9),
        ],
        periods={
            "tokens": [
                PeriodCount(begins - hour, "refresh_token", 4),
                PeriodCount(begins - hour, "client_credentials", 1),
                PeriodCount(begins + hour, "client_credentials", 1),  # of a clock that is ahead
            ],
            "app-refusals": [PeriodCount(begins, "", 6)],
        },
    )
    before, last = await numbers(counted).hours_until(now, 2)
    assert (before.first, last.first) == (begins - hour, begins)
    assert before.numbers == {**dict.fromkeys(TITLES, 0), "tokens": 5}
    assert last.numbers == {**dict.fromkeys(TITLES, 0), "refused-sign-ins": 5, "refusals": 6}
    assert counted.since == [begins - hour]


async def test_seven_days_are_a_week() -> None:
    events = [DayCount(TODAY - age * DAY, "account.created", 1) for age in (0, 6, 7, 13)]
    weeks = by_week(await numbers(Counted(events)).until(TODAY, 14))
    assert [each.first for each in weeks] == [TODAY - 13 * DAY, TODAY - 6 * DAY]
    assert [each.numbers["accounts"] for each in weeks] == [2, 2]


def test_the_numbers_of_applications_are_kept_as_long_as_the_page_says() -> None:
    assert client_log.DAYS_KEPT == KEPT_OF_CLIENTS
