"""/admin/statistics: the numbers of the server, by day or by week, as charts and as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.i18n.formats import short_day
from quantimodo.ops.daily_numbers import (
    KEPT_OF_CLIENTS,
    OF_CLIENTS,
    TITLES,
    DailyNumbers,
    Period,
    by_week,
)
from quantimodo.pages.admin import ADMIN, AdminFrame
from quantimodo.pages.axis_charts import AxisChart, axis_chart
from quantimodo.pages.page_context import Endpoint

STATISTICS: Final = f"{ADMIN}/statistics"
# The days of each choice: those above a month are shown by week.
RANGES: Final[Mapping[str, int]] = {"7": 7, "30": 30, "84": 84, "364": 364}
_USUAL: Final = "30"
_BY_DAY: Final = 30


@dataclass(frozen=True, slots=True)
class SeriesChart:
    """The line of one series; `dates` stand below the axis, `total` is the sum of its values."""

    name: str
    title: str
    chart: AxisChart
    dates: Sequence[str]
    total: int


@dataclass(frozen=True, slots=True)
class AdminCharts:
    frame: AdminFrame
    numbers: DailyNumbers

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [(("GET",), STATISTICS, self.show)]

    async def show(self, request: Request) -> Response:
        """GET /admin/statistics?days=: of the last days, 30 unless another choice is given."""
        browser_request = await self.frame.visit(request)
        chosen = request.query_params.get("days", "")
        chosen = chosen if chosen in RANGES else _USUAL
        today = self.frame.page_context.clock.now().astimezone(UTC).date()
        days = await self.numbers.until(today, RANGES[chosen])
        weekly = len(days) > _BY_DAY
        periods = by_week(days) if weekly else days
        names = [name for name in TITLES if not (weekly and name in OF_CLIENTS)]
        return self.frame.show(
            request,
            browser_request,
            "admin_statistics.html",
            section="admin-statistics",
            charts=charts_of(periods, names),
            columns=[TITLES[name] for name in names],
            rows=[(each.first, [each.numbers[name] for name in names]) for each in periods[::-1]],
            ranges=RANGES,
            chosen=chosen,
            weekly=weekly,
            kept=KEPT_OF_CLIENTS,
        )


def charts_of(periods: Sequence[Period], names: Sequence[str]) -> Sequence[SeriesChart]:
    """A chart of each series that is not always 0."""
    begins, ends = periods[0].first, periods[-1].first
    dates = [short_day(at, year=False) for at in (begins, periods[len(periods) // 2].first, ends)]
    charts = []
    for name in names:
        values = [each.numbers[name] for each in periods]
        points = [
            (float(each.first.toordinal()), float(value))
            for each, value in zip(periods, values, strict=True)
        ]
        chart = axis_chart(points, begins.toordinal(), ends.toordinal(), of_counts=True)
        if chart is not None and any(values):
            charts.append(SeriesChart(name, TITLES[name], chart, dates, sum(values)))
    return charts
