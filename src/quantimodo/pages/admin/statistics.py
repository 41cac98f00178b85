"""/admin/statistics: the numbers of the server by hour, day or week, as charts and as tables.

Owns the choices of the filter. `statistics_charts.py` makes the charts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.model.server_counts import CountName
from quantimodo.model.texts import N_
from quantimodo.ops.breakdowns import Breakdowns, Span
from quantimodo.ops.daily_numbers import (
    KEPT_OF_CLIENTS,
    OF_CLIENTS,
    TITLES,
    DailyNumbers,
    by_week,
)
from quantimodo.pages.admin.frame import ADMIN, AdminFrame
from quantimodo.pages.admin.statistics_charts import (
    SHARE_NAMES,
    column_titles,
    group_columns,
    group_rows,
    group_totals,
    label_charts,
    label_rows,
    label_totals,
    latency_charts,
    numbers_charts,
)
from quantimodo.pages.page_context import Endpoint

STATISTICS: Final = f"{ADMIN}/statistics"
RANGES: Final[Mapping[str, Span]] = {
    "48h": Span("hour", 48),
    "7": Span("day", 7),
    "30": Span("day", 30),
    "84": Span("day", 84, 7),
    "364": Span("day", 364, 7),
}
"""The choices of the period; those above a month are shown by week."""
_USUAL: Final = "30"
KINDS: Final[Mapping[str, str]] = {
    "numbers": N_("Sign-ins, accounts and consents"),
    "latencies": N_("Durations of requests"),
    "tokens": N_("Token responses by grant type"),
    "refusals": N_("Refused requests by code"),
}
"""The choices of what is shown, and what the page calls them."""


@dataclass(frozen=True, slots=True)
class AdminCharts:
    frame: AdminFrame
    numbers: DailyNumbers
    breakdowns: Breakdowns

    def routes(self) -> list[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [(("GET",), STATISTICS, self.show)]

    async def show(self, request: Request) -> Response:
        """GET /admin/statistics?show=&days=&group=: of the last 30 days unless another choice is
        given; of one group of endpoints all its numbers."""
        browser_request = await self.frame.visit(request)
        chosen = request.query_params.get("days", "")
        chosen = chosen if chosen in RANGES else _USUAL
        shown = request.query_params.get("show", "")
        shown = shown if shown in KINDS else "numbers"
        group = request.query_params.get("group", "")
        span = RANGES[chosen]
        if shown == "numbers":
            found = await self._numbers(span)
        elif shown == "latencies":
            found = await self._latencies(span, group)
        else:
            found = await self._labels("tokens" if shown == "tokens" else "refusals", span)
        return self.frame.show(
            request,
            browser_request,
            "admin_statistics.html",
            section="admin-statistics",
            kinds=KINDS,
            shown=shown,
            ranges=RANGES,
            chosen=chosen,
            unit=span.unit,
            weekly=span.merged > 1,
            **{"totals": (), "group": "", **found},
        )

    async def _numbers(self, span: Span) -> dict[str, Any]:
        now = self.frame.page_context.clock.now()
        if span.unit == "hour":
            periods = await self.numbers.hours_until(now, span.number)
        else:
            periods = await self.numbers.until(now.astimezone(UTC).date(), span.number)
        weekly = span.merged > 1
        periods = by_week(periods) if weekly else periods
        names = [name for name in TITLES if not (weekly and name in OF_CLIENTS)]
        charts = numbers_charts(periods, names)
        rows = [(each.first, [each.numbers[name] for name in names]) for each in periods[::-1]]
        return {
            "charts": charts,
            "columns": [TITLES[name] for name in names],
            "rows": rows if charts else [],
            "kept": KEPT_OF_CLIENTS,
        }

    async def _latencies(self, span: Span, group: str) -> dict[str, Any]:
        found = await self.breakdowns.latencies(span, self.frame.page_context.clock.now())
        group = group if group in found.groups else ""
        return {
            "charts": latency_charts(found, span, group),
            "totals": group_totals(found),
            "shares": SHARE_NAMES,
            "group": group,
            "columns": group_columns(),
            "rows": group_rows(found, group),
        }

    async def _labels(self, name: CountName, span: Span) -> dict[str, Any]:
        found = await self.breakdowns.of(name, span, self.frame.page_context.clock.now())
        return {
            "charts": label_charts(found, span),
            "totals": label_totals(found, with_guides=name == "refusals"),
            "columns": column_titles(found),
            "rows": label_rows(found),
        }
