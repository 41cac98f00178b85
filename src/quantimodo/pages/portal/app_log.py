"""The log and the usage of an application, for those who may manage it.

Owns the choice of the filters. What is in the log is decided by `app/requests/refusal_reports.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.i18n.formats import short_day
from quantimodo.model.client_log import ClientRefusal
from quantimodo.model.texts import N_
from quantimodo.pages.axis_charts import AxisChart, axis_chart
from quantimodo.pages.page_context import Endpoint
from quantimodo.pages.portal.app_pages import APP, AppPages, app_path
from quantimodo.pages.portal.endpoint_usage import by_endpoint, endpoint_plot
from quantimodo.ports.client_log_store import ClientLogStore
from quantimodo.ports.clock import Clock
from quantimodo.protocol.endpoints import LOGGED
from quantimodo.protocol.refusal_row import RefusalRow
from quantimodo.protocol.refusals import REFUSALS, guide_path

RANGES: Final[Mapping[str, int]] = {"7": 7, "14": 14, "30": 30}
_USUAL: Final = "30"
_PAGE: Final = 25


@dataclass(frozen=True, slots=True)
class LogLine:
    """A refusal with its row of the table of refusals, None for a code of an earlier version."""

    refusal: ClientRefusal
    row: RefusalRow | None
    fix: str
    guide: str


@dataclass(frozen=True, slots=True)
class UsageChart:
    """One series of numbers by day; `dates` are the labels of the axis."""

    name: str
    title: str
    chart: AxisChart
    dates: Sequence[str]
    total: int


@dataclass(frozen=True, slots=True)
class UsageDay:
    """The numbers of one day."""

    day: date
    tokens: int
    refusals: int
    people: int


@dataclass(frozen=True, slots=True)
class AppLog:
    apps: AppPages
    store: ClientLogStore
    clock: Clock

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [
            (("GET",), f"{APP}/log", self.log),
            (("GET",), f"{APP}/usage", self.usage),
        ]

    async def log(self, request: Request) -> Response:
        """GET /developers/apps/{client_id}/log: the refused requests, newest first."""
        opened = await self.apps.opened(request)
        client = opened.client
        endpoint = _among(request.query_params.get("endpoint"), LOGGED)
        code = _among(request.query_params.get("code"), REFUSALS)
        before = _number(request.query_params.get("before"))
        refusals = await self.store.client_refusals(
            client.id, endpoint=endpoint, code=code, before=before, limit=_PAGE + 1
        )
        filters = {name: value for name, value in (("endpoint", endpoint), ("code", code)) if value}
        older = None
        if len(refusals) > _PAGE:
            query = urlencode({**filters, "before": refusals[_PAGE - 1][0]})
            older = f"{app_path(client)}/log?{query}"
        return await self.apps.show(
            opened,
            "log",
            "developers_log.html",
            lines=[_line(refusal) for _, refusal in refusals[:_PAGE]],
            endpoints=LOGGED,
            codes=sorted(code for code, row in REFUSALS.items() if not row.ordinary),
            endpoint=endpoint,
            code=code,
            filtered=bool(filters),
            first=before is None,
            older=older,
        )

    async def usage(self, request: Request) -> Response:
        """GET /developers/apps/{client_id}/usage: the numbers of the last days, 30 of them unless
        `?days=` has another choice; with `?endpoint=` those of one endpoint."""
        opened = await self.apps.opened(request)
        chosen = _among(request.query_params.get("days"), RANGES) or _USUAL
        most = RANGES[chosen]
        today = self.clock.now().date()
        first = today - timedelta(days=most - 1)
        used = by_endpoint(await self.store.client_usage(opened.client.id, first), first, most)
        endpoint = _among(request.query_params.get("endpoint"), used)
        if endpoint:
            return await self.apps.show(
                opened,
                "usage",
                "developers_usage_endpoint.html",
                one=used[endpoint],
                plot=endpoint_plot(used[endpoint]),
                titles=LOGGED,
                chosen=chosen,
            )
        counted = {each.day: each for each in await self.store.client_days(opened.client.id, first)}
        people = dict(await self.store.people_by_day(opened.client.id, first))
        days = []
        for number in range(most):
            day = first + timedelta(days=number)
            usage = counted.get(day)
            tokens, refusals = (0, 0) if usage is None else (usage.tokens, usage.refusals)
            days.append(UsageDay(day, tokens, refusals, people.get(day, 0)))
        return await self.apps.show(
            opened,
            "usage",
            "developers_usage.html",
            charts=_charts(days),
            days=days[::-1],
            used=used.values(),
            titles=LOGGED,
            ranges=RANGES,
            chosen=chosen,
        )


def _line(refusal: ClientRefusal) -> LogLine:
    row = REFUSALS.get(refusal.code)
    if row is None:
        return LogLine(refusal, None, "", "")
    return LogLine(refusal, row, row.fix_for(refusal.client_id), guide_path(row))


def _charts(days: Sequence[UsageDay]) -> Sequence[UsageChart]:
    kinds = (
        ("tokens", N_("Token responses"), [each.tokens for each in days]),
        ("refusals", N_("Refused requests"), [each.refusals for each in days]),
        ("people", N_("People whose data or profile it used"), [each.people for each in days]),
    )
    begins, ends = days[0].day, days[-1].day
    dates = [short_day(each, year=False) for each in (begins, days[len(days) // 2].day, ends)]
    charts = []
    for name, title, values in kinds:
        points = [
            (float(day.day.toordinal()), float(value))
            for day, value in zip(days, values, strict=True)
        ]
        chart = axis_chart(points, begins.toordinal(), ends.toordinal(), of_counts=True)
        if chart is not None and any(values):
            charts.append(UsageChart(name, title, chart, dates, sum(values)))
    return charts


def _among(text: str | None, known: Mapping[str, object]) -> str:
    """The value of a filter, empty for none and for one that does not exist."""
    return text if text is not None and text in known else ""


def _number(text: str | None) -> int | None:
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= 18):
        return None
    return int(text)
