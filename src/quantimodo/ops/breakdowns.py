"""Statistics of each hour, day or week of a span of time: tokens by grant type, refusals by code,
durations by group of endpoints.

Owns the spans, and how quantiles are computed from classes of durations. All times are UTC.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from quantimodo.model.server_counts import CountName, Unit
from quantimodo.ops.request_counts import CLASSES, GROUPS
from quantimodo.ops.traffic import BOUNDS
from quantimodo.ports.server_count_store import ServerCountStore

MOST_HOURS: Final = 72
"""For how many hours the numbers of hours are kept."""
_LENGTHS: Final[Mapping[Unit, timedelta]] = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
SHARES: Final = (0.5, 0.95, 0.99)
"""Which quantiles of durations are shown."""


@dataclass(frozen=True, slots=True)
class Span:
    """The last `number` hours or days up to now, of which each `merged` are one period."""

    unit: Unit
    number: int
    merged: int = 1

    def begins(self, now: datetime) -> Sequence[datetime]:
        """When each of its hours or days begins, the oldest first."""
        last = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        if self.unit == "day":
            last = last.replace(hour=0)
        length = _LENGTHS[self.unit]
        return [last - age * length for age in range(self.number - 1, -1, -1)]

    def periods(self, now: datetime) -> Sequence[datetime]:
        """When each of its periods begins."""
        return self.begins(now)[:: self.merged]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The numbers of each label in each of the periods; a label without a number is absent. Labels
    are in the order of their sums, the largest first."""

    periods: Sequence[datetime]
    series: Mapping[str, Sequence[int]]

    def total(self, label: str) -> int:
        """The sum over all periods."""
        return sum(self.series[label])


class Latency(NamedTuple):
    """How many requests a period had, and the durations that each of `SHARES` of them did not
    exceed, in seconds; of the last class, which has no bound, the lower one. None without
    requests."""

    requests: int
    quantiles: tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class Latencies:
    """The durations of each group of endpoints that had requests, in each of the periods and in
    all of them together."""

    periods: Sequence[datetime]
    groups: Mapping[str, Sequence[Latency]]
    totals: Mapping[str, Latency]


@dataclass(frozen=True, slots=True)
class Breakdowns:
    store: ServerCountStore

    async def of(self, name: CountName, span: Span, now: datetime) -> Breakdown:
        """The numbers of this name in the span."""
        begins = span.begins(now)
        places = {begin: place // span.merged for place, begin in enumerate(begins)}
        periods = begins[:: span.merged]
        series: dict[str, list[int]] = {}
        for count in await self.store.counts(name, span.unit, begins[0]):
            if count.at in places:
                numbers = series.setdefault(count.label, [0] * len(periods))
                numbers[places[count.at]] += count.number
        order = sorted(series, key=lambda label: (-sum(series[label]), label))
        return Breakdown(periods, {label: series[label] for label in order})

    async def latencies(self, span: Span, now: datetime) -> Latencies:
        """The durations in the span, in the order of the groups."""
        durations = await self.of("durations", span, now)
        groups: dict[str, Sequence[Latency]] = {}
        totals = {}
        nothing = [0] * len(durations.periods)
        for group in GROUPS:
            by_class = [durations.series.get(f"{group} {bound}", nothing) for bound in CLASSES]
            if any(map(any, by_class)):
                groups[group] = [_latency(numbers) for numbers in zip(*by_class, strict=True)]
                totals[group] = _latency([sum(numbers) for numbers in by_class])
        return Latencies(durations.periods, groups, totals)


def quantile(share: float, numbers: Sequence[int]) -> float:
    """The duration that this share of the requests did not exceed, by the numbers of each class, at
    least one of them not 0; within a class it is interpolated, as `histogram_quantile` of
    Prometheus does."""
    rank, below = share * sum(numbers), 0
    for place, bound in enumerate(BOUNDS):
        if numbers[place] and below + numbers[place] >= rank:
            lower = BOUNDS[place - 1] if place else 0.0
            return lower + (bound - lower) * (rank - below) / numbers[place]
        below += numbers[place]
    return BOUNDS[-1]


def _latency(numbers: Sequence[int]) -> Latency:
    requests = sum(numbers)
    if not requests:
        return Latency(0, None)
    return Latency(requests, tuple(quantile(share, numbers) for share in SHARES))
