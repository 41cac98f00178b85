"""Makes the charts and tables of /admin/statistics from its numbers. Pure, except for the
language."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from quantimodo.i18n.formats import short_day
from quantimodo.model.texts import N_
from quantimodo.ops.breakdowns import SHARES, Breakdown, Latencies, Latency, Span
from quantimodo.ops.daily_numbers import TITLES, Period
from quantimodo.ops.request_counts import GROUPS
from quantimodo.pages.axis_charts import AxisChart, AxisLines, axis_chart, axis_lines
from quantimodo.protocol.refusals import guide_path, row_of

SHARE_NAMES: Final = tuple(f"{share * 100:g} %" for share in SHARES)
_MOST_CHARTS: Final = 8
_OTHERS: Final = N_("Others")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesChart:
    """The line of one series: `title` is translated, or `label` is shown as it is. `dates` stand
    below the axis, `total` is the sum of the values."""

    name: str
    title: str = ""
    label: str = ""
    chart: AxisChart
    dates: Sequence[str]
    total: int


@dataclass(frozen=True, slots=True)
class LatencyChart:
    """The lines of the quantiles of one group of endpoints, in milliseconds; `legend` has each one
    of the whole time."""

    name: str
    title: str
    chart: AxisLines
    dates: Sequence[str]
    legend: Sequence[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class GroupTotal:
    """The durations of one group of endpoints in the whole time, in milliseconds."""

    name: str
    title: str
    requests: int
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class LabelTotal:
    """The number of one label in the whole time, and its share in percent."""

    label: str
    number: int
    share: float
    guide: str


def numbers_charts(periods: Sequence[Period], names: Sequence[str]) -> Sequence[SeriesChart]:
    """A chart of each series that is not always 0."""
    dates = _dates([each.first for each in periods])
    charts = []
    for name in names:
        values = [each.numbers[name] for each in periods]
        chart = _chart(values)
        if chart is not None:
            charts.append(
                SeriesChart(
                    name=name, title=TITLES[name], chart=chart, dates=dates, total=sum(values)
                )
            )
    return charts


def label_charts(found: Breakdown, span: Span) -> Sequence[SeriesChart]:
    """A chart of each of the most frequent labels."""
    dates = _dates(found.periods, hourly=span.unit == "hour")
    charts = []
    for number, label in enumerate(list(found.series)[:_MOST_CHARTS]):
        chart = _chart(found.series[label])
        if chart is not None:
            charts.append(
                SeriesChart(
                    name=str(number),
                    label=label,
                    chart=chart,
                    dates=dates,
                    total=found.total(label),
                )
            )
    return charts


def label_totals(found: Breakdown, *, with_guides: bool) -> Sequence[LabelTotal]:
    """Each label with its sum, the largest first; `with_guides` of refusals."""
    totals = {label: found.total(label) for label in found.series}
    whole = sum(totals.values())
    lines = []
    for label, number in totals.items():
        row = row_of(label) if with_guides else None
        guide = "" if row is None else guide_path(row)
        lines.append(LabelTotal(label, number, round(100 * number / whole, 1), guide))
    return lines


def column_titles(found: Breakdown) -> Sequence[str]:
    """The columns of the table by period."""
    shown = list(found.series)[:_MOST_CHARTS]
    return shown if len(found.series) <= _MOST_CHARTS else [*shown, _OTHERS]


def label_rows(found: Breakdown) -> Sequence[tuple[datetime, Sequence[int]]]:
    """The rows of the table by period, the newest first."""
    series = list(found.series.values())
    rows = []
    for place, begin in enumerate(found.periods):
        numbers = [values[place] for values in series[:_MOST_CHARTS]]
        if len(series) > _MOST_CHARTS:
            numbers.append(sum(values[place] for values in series[_MOST_CHARTS:]))
        rows.append((begin, numbers))
    return rows[::-1] if series else []


def latency_charts(found: Latencies, span: Span, group: str) -> Sequence[LatencyChart]:
    """A chart of each group, or of `group` alone."""
    dates = _dates(found.periods, hourly=span.unit == "hour")
    charts = []
    for name, latencies in found.groups.items():
        rows = [_milliseconds(each) for each in latencies]
        lines = [[row[number] if row else None for row in rows] for number in range(len(SHARES))]
        chart = axis_lines(lines)
        if chart is not None and group in ("", name):
            legend = list(zip(SHARE_NAMES, _milliseconds(found.totals[name]), strict=True))
            charts.append(LatencyChart(name, GROUPS[name], chart, dates, legend))
    return charts


def group_totals(found: Latencies) -> Sequence[GroupTotal]:
    """The rows of the table of all groups."""
    return [
        GroupTotal(name, GROUPS[name], total.requests, _milliseconds(total))
        for name, total in found.totals.items()
    ]


def group_columns() -> Sequence[str]:
    """The columns of the table of one group by period."""
    return [N_("Requests"), *(f"{name} (ms)" for name in SHARE_NAMES)]


def group_rows(
    found: Latencies, group: str
) -> Sequence[tuple[datetime, Sequence[float | int | None]]]:
    """The rows of the table of one group by period, the newest first; none without a group."""
    rows: list[tuple[datetime, Sequence[float | int | None]]] = []
    missing = [None] * len(SHARES)
    for begin, latency in zip(found.periods, found.groups.get(group, ()), strict=False):
        values = _milliseconds(latency)
        rows.append((begin, [latency.requests, *(values or missing)]))
    return rows[::-1]


def _milliseconds(latency: Latency) -> Sequence[float]:
    return [round(each * 1000, 1) for each in latency.quantiles or ()]


def _chart(values: Sequence[int]) -> AxisChart | None:
    if not any(values):
        return None
    points = [(float(number), float(value)) for number, value in enumerate(values)]
    return axis_chart(points, 0, len(values) - 1, of_counts=True)


def _dates(periods: Sequence[date], *, hourly: bool | None = None) -> Sequence[str]:
    shown = (periods[0], periods[len(periods) // 2], periods[-1])
    if hourly is None:
        hourly = isinstance(periods[0], datetime)
    if not hourly:
        return [short_day(each, year=False) for each in shown]
    return [f"{short_day(each, year=False)} {each:%H}:00" for each in shown]
