"""The chart of a variable: a range of time, with one value for each day, week or month."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import groupby
from math import fsum
from typing import Final
from zoneinfo import ZoneInfo

from quantimodo.i18n.formats import day, month, short_day
from quantimodo.i18n.translation import gettext as _
from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.grouping import Grouping
from quantimodo.measurements.queries import MeasurementQuery
from quantimodo.measurements.service import MeasurementService
from quantimodo.measurements.times import SECOND, moment_of
from quantimodo.measurements.views import MeasurementView, VariableView
from quantimodo.model.measurements import Comparison, Filter, Order
from quantimodo.model.texts import N_
from quantimodo.pages.axis_charts import AxisChart, axis_chart
from quantimodo.pages.timestamps import in_zone
from quantimodo.ports.clock import Clock

RANGES: Final = {
    "7": (N_("7 days"), 7),
    "30": (N_("30 days"), 30),
    "90": (N_("90 days"), 90),
    "365": (N_("1 year"), 365),
    "all": (N_("All"), None),
}
GROUPINGS: Final = {"day": N_("Days"), "week": N_("Weeks"), "month": N_("Months")}
_USUAL_GROUPING: Final = {"365": "week", "all": "month"}
_DAY: Final = 86_400 * SECOND
_MOST_DAYS: Final = 1_830  # with measurements: five years of each day
_LISTED: Final = 62  # of the table beside the chart


@dataclass(frozen=True, slots=True)
class Span:
    """A day, week or month with its value: the sum or the mean of `number` measurements."""

    begins: date
    value: float
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableChart:
    """`range_` and `grouping` are keys of the tables above. `spans`, the newest first, are some for
    the table; `partial`: older days are left out. `dates` are the labels of the horizontal axis."""

    range_: str
    grouping: str
    chart: AxisChart | None = None
    dates: Sequence[str] = ()
    spans: Sequence[Span] = ()
    number: int = 0
    least: float = 0.0
    most: float = 0.0
    partial: bool = False

    def label(self, span: Span) -> str:
        """The day, the week or the month."""
        if self.grouping == "month":
            return month(span.begins)
        if self.grouping == "week":
            return _("Week of %(day)s") % {"day": day(span.begins)}
        return day(span.begins)


@dataclass(frozen=True, slots=True)
class VariableCharts:
    measurement_service: MeasurementService
    clock: Clock

    async def of(
        self, user_id: int, shown: VariableView, zone: tzinfo, range_: str, grouping: str
    ) -> VariableChart:
        """The chart for these keys; other texts are replaced by the choice that fits the
        measurements."""
        today = in_zone(self.clock.now(), zone).date()
        if range_ not in RANGES:
            range_ = _fitting_range(shown, zone, today)
        if grouping not in GROUPINGS:
            grouping = _USUAL_GROUPING.get(range_, "day")
        length = RANGES[range_][1]
        begins = None if length is None else today - timedelta(days=length - 1)
        days = await self._days(user_id, shown, zone, begins)
        combined = list(_combined(days[:_MOST_DAYS], shown, zone, grouping))
        if not combined:
            return VariableChart(range_=range_, grouping=grouping)
        first = min(combined[0].begins, begins or combined[0].begins)
        last = max(combined[-1].begins, combined[-1].begins if begins is None else today)
        values = [span.value for span in combined]
        return VariableChart(
            range_=range_,
            grouping=grouping,
            chart=axis_chart(
                [(span.begins.toordinal(), span.value) for span in combined],
                first.toordinal(),
                last.toordinal(),
            ),
            dates=_dates(first, last),
            spans=combined[: -_LISTED - 1 : -1],
            number=len(combined),
            least=min(values),
            most=max(values),
            partial=length is None
            and sum(view.number for view in days[:_MOST_DAYS]) < shown.summary.number,
        )

    async def _days(
        self, user_id: int, shown: VariableView, zone: tzinfo, begins: date | None
    ) -> Sequence[MeasurementView]:
        """One group for each day with measurements, the newest first; one more than are shown."""
        filters = [Filter("variable", (Comparison("is", shown.summary.variable.name),))]
        local = zone if isinstance(zone, ZoneInfo) else ZoneInfo("UTC")
        if begins is not None:
            filters.append(Filter("start", (Comparison("from", _start_of(begins, local)),)))
        query = MeasurementQuery(
            filters=tuple(filters),
            order=Order("start", descending=True),
            limit=_MOST_DAYS + 1,
            grouping=Grouping(_DAY, local),
        )
        try:
            return (await self.measurement_service.page(user_id, query))[0]
        except MeasurementError:  # the measurements are centuries apart
            latest = shown.summary.latest
            if begins is not None or latest is None:
                return ()
            last = in_zone(moment_of(latest), zone).date().toordinal()
            first = date.fromordinal(max(1, last - _MOST_DAYS))
            return await self._days(user_id, shown, zone, first)


def _fitting_range(shown: VariableView, zone: tzinfo, today: date) -> str:
    """The shortest range from 30 days on that has the latest measurement."""
    latest = shown.summary.latest
    if latest is None:
        return "30"
    age = (today - in_zone(moment_of(latest), zone).date()).days
    return next((key for key, days in (("30", 30), ("90", 90), ("365", 365)) if age < days), "all")


def _start_of(at: date, zone: ZoneInfo) -> int:
    midnight = datetime.combine(at, time.min, tzinfo=zone)
    return int((midnight - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * SECOND


def _combined(
    days: Sequence[MeasurementView], shown: VariableView, zone: tzinfo, grouping: str
) -> Iterator[Span]:
    """The spans, the oldest first."""

    def span_of(view: MeasurementView) -> date:
        return _first_day(in_zone(moment_of(view.start), zone).date(), grouping)

    for begins, members in groupby(reversed(days), span_of):
        group = list(members)
        number = sum(view.number for view in group)
        if shown.summary.variable.combination == "SUM":
            value = fsum(view.value for view in group)
        else:
            value = _rounded(fsum(view.value * (view.number / number) for view in group))
        yield Span(begins, value, number)


def _rounded(mean: float) -> float:
    return round(mean, 2) if abs(mean) >= 1 else float(f"{mean:.3g}")


def _first_day(at: date, grouping: str) -> date:
    if grouping == "month":
        return at.replace(day=1)
    return at - timedelta(days=at.weekday()) if grouping == "week" else at


def _dates(first: date, last: date) -> list[str]:
    """The first, the middle and the last day."""
    years = first.year != last.year
    middle = first + (last - first) // 2
    days = [first, middle, last] if (last - first).days > 1 else [first, last]
    return [short_day(each, year=years) for each in dict.fromkeys(days)]
