"""/admin/statistics: sign-ins and refusals of the last thirty days, from the audit trail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.model.admin_actions import DayCount
from quantimodo.model.texts import N_
from quantimodo.pages.admin import ADMIN, AdminFrame
from quantimodo.pages.charts import Chart, chart
from quantimodo.pages.page_context import Endpoint
from quantimodo.ports.admin_stores import LogStore

STATISTICS: Final = f"{ADMIN}/statistics"
_DAYS: Final = 30
# The title of each chart, and the kinds of events that it counts.
_CHARTS: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "sign-ins": (N_("Sign-ins"), frozenset({"session.started"})),
    "refusals": (
        N_("Refused sign-ins"),
        frozenset(
            {"session.refused", "second_factor.refused", "passkey.refused", "identity.refused"}
        ),
    ),
    "accounts": (N_("New accounts"), frozenset({"account.created"})),
    "consents": (N_("Given consents"), frozenset({"consent.given"})),
    "replays": (
        N_("Codes and tokens that were used twice"),
        frozenset({"token.replayed", "login_code.replayed"}),
    ),
}


@dataclass(frozen=True, slots=True)
class DailyChart:
    """One number for each day, the oldest first; `total` is their sum."""

    title: str
    line: Chart | None
    days: Sequence[tuple[date, int]]
    total: int


@dataclass(frozen=True, slots=True)
class AdminCharts:
    frame: AdminFrame
    logs: LogStore

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [(("GET",), STATISTICS, self.show)]

    async def show(self, request: Request) -> Response:
        """GET /admin/statistics."""
        browser_request = await self.frame.visit(request)
        today = self.frame.page_context.clock.now().astimezone(UTC).date()
        days = [today - timedelta(days=back) for back in range(_DAYS - 1, -1, -1)]
        counts = await self.logs.count_events(datetime.combine(days[0], time(), UTC))
        return self.frame.show(
            request,
            browser_request,
            "admin_statistics.html",
            section="admin-statistics",
            charts=[daily_chart(title, kinds, days, counts) for title, kinds in _CHARTS.values()],
        )


def daily_chart(
    title: str, kinds: frozenset[str], days: Sequence[date], counts: Sequence[DayCount]
) -> DailyChart:
    """The chart of the events of these kinds, with 0 for a day without one."""
    numbers = dict.fromkeys(days, 0)
    for each in counts:
        if each.kind in kinds and each.day in numbers:
            numbers[each.day] += each.number
    points = [(float(at), float(number)) for at, number in enumerate(numbers.values())]
    return DailyChart(title, chart(points, 320, 64), list(numbers.items()), sum(numbers.values()))
