"""Tokens by grant type, refusals by code and durations, by hour, day and week."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from quantimodo.model.server_counts import CountName, PeriodCount, Unit
from quantimodo.ops.breakdowns import MOST_HOURS, Breakdowns, Latency, Span, quantile
from quantimodo.ops.traffic import BOUNDS
from quantimodo.storage.tables import server_counts

NOW = datetime(2026, 11, 30, 7, 45, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
THIS_HOUR, TODAY = datetime(2026, 11, 30, 7, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC)


@dataclass
class Stored:
    """Has these numbers under each name."""

    found: Sequence[PeriodCount]
    wanted: tuple[CountName, Unit, datetime] | None = None

    async def counts(self, name: CountName, unit: Unit, since: datetime) -> Sequence[PeriodCount]:
        self.wanted = name, unit, since
        return self.found


def breakdowns(*found: PeriodCount) -> Breakdowns:
    return Breakdowns(Stored(found))  # type: ignore[arg-type]


async def test_hours_have_a_number_of_each_label() -> None:
    stored = Stored(
        [
            PeriodCount(THIS_HOUR - 2 * HOUR, "a", 1),
            PeriodCount(THIS_HOUR, "a", 2),
            PeriodCount(THIS_HOUR, "b", 9),
            PeriodCount(THIS_HOUR + HOUR, "b", 50),  # of a clock that is ahead
        ]
    )
    found = await Breakdowns(stored).of("tokens", Span("hour", 3), NOW)  # type: ignore[arg-type]
    assert stored.wanted == ("tokens", "hour", THIS_HOUR - 2 * HOUR)
    assert found.periods == [THIS_HOUR - 2 * HOUR, THIS_HOUR - HOUR, THIS_HOUR]
    assert list(found.series.items()) == [("b", [0, 0, 9]), ("a", [1, 0, 2])]
    assert found.total("a") == 3


async def test_seven_days_are_a_week() -> None:
    counts = [PeriodCount(TODAY - age * DAY, "a", 1) for age in (13, 7, 6, 0)]
    found = await breakdowns(*counts).of("refusals", Span("day", 14, 7), NOW)
    assert found.periods == [TODAY - 13 * DAY, TODAY - 6 * DAY]
    assert found.series == {"a": [2, 2]}


async def test_a_zone_of_the_clock_moves_no_hour() -> None:
    elsewhere = NOW.astimezone(datetime.strptime("+0530", "%z").tzinfo)
    assert Span("hour", 1).begins(elsewhere) == [THIS_HOUR]
    assert Span("day", 1).begins(elsewhere) == [TODAY]


@pytest.mark.parametrize(
    ("share", "numbers", "seconds"),
    [
        (0.5, {0.001: 10}, 0.0005),
        (0.99, {0.001: 100}, 0.00099),
        (0.5, {0.001: 1, 0.25: 1}, 0.001),
        (0.95, {0.001: 50, 0.01: 50}, 0.0095),
        (0.5, {0.1: 1, 10.0: 3}, 5.0 + 5.0 / 3),
        (0.99, {0.001: 1, "more": 9}, 10.0),
    ],
)
def test_quantiles_are_interpolated_as_prometheus_does(
    share: float, numbers: dict[float | str, int], seconds: float
) -> None:
    by_class = [numbers.get(bound, 0) for bound in (*BOUNDS, "more")]
    assert quantile(share, by_class) == pytest.approx(seconds)


async def test_latencies_are_those_of_groups_that_had_requests() -> None:
    found = await breakdowns(
        PeriodCount(THIS_HOUR - HOUR, "tokens 0.001", 4),
        PeriodCount(THIS_HOUR, "pages more", 1),
        PeriodCount(THIS_HOUR, "unheard-of 0.001", 1),
        PeriodCount(THIS_HOUR, "tokens 0.0077", 1),  # a bound of another version
    ).latencies(Span("hour", 2), NOW)
    assert list(found.groups) == ["tokens", "pages"]
    assert found.groups["tokens"] == [
        Latency(4, (pytest.approx(0.0005), pytest.approx(0.00095), pytest.approx(0.00099))),
        Latency(0, None),
    ]
    assert found.groups["pages"] == [Latency(0, None), Latency(1, (10.0, 10.0, 10.0))]
    assert found.totals["tokens"].requests == 4


def test_hours_are_kept_as_long_as_they_are_shown() -> None:
    assert server_counts.HOURS_KEPT == MOST_HOURS
