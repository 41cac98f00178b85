"""A variable's page: its measurements, with a chart; delete and restore one, delete all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from itertools import groupby

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.profiles import Profiles
from quantimodo.http.disconnects import while_connected
from quantimodo.http.errors import NotFound
from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.read_limits import ReadLimits
from quantimodo.measurements.service import MeasurementService
from quantimodo.measurements.times import moment_of
from quantimodo.measurements.views import MeasurementView, VariableView
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.data.deletion_undo import DeletionUndo
from quantimodo.pages.data.queries import ROWS, newest, page_offset, variable_path
from quantimodo.pages.data.variable_charts import GROUPINGS, RANGES, VariableCharts
from quantimodo.pages.forms import row_id
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.timestamps import in_zone, zone_named


@dataclass(frozen=True, slots=True)
class VariableData:
    page_context: PageContext
    measurement_service: MeasurementService
    profiles: Profiles
    undo: DeletionUndo
    reads: ReadLimits
    charts: VariableCharts

    async def show(self, request: Request) -> Response:
        """GET /account/data/variable?name=…: one page of its measurements, the newest first."""
        browser_request = await self.page_context.browser_request(request)
        name = request.query_params.get("name", "")
        return await while_connected(
            request.receive, self._variable(request, browser_request, name)
        )

    async def remove(self, request: Request) -> Response:
        """POST /account/data/remove: one measurement. The response is the page of its variable,
        with a button that restores it."""
        browser_request, form = await self.page_context.posted(request)
        user, number = browser_request.required().user, row_id(form.one("id"))
        view = await self.measurement_service.one(user.id, number)
        if view is None or not await self.measurement_service.delete(user.id, number):
            raise NotFound
        sealed = self.undo.sealed(browser_request, view)
        return await self._variable(request, browser_request, view.measurement.variable, sealed)

    async def restore(self, request: Request) -> Response:
        """POST /account/data/restore: the measurement that was deleted on the previous page."""
        browser_request, form = await self.page_context.posted(request)
        user = browser_request.required().user
        deleted = self.undo.opened(browser_request, form.one("deleted"))
        if deleted is None:
            return self.page_context.go("/account/data", "too-late-to-restore")
        try:
            restored = await self.undo.restore(user.id, deleted)
        except MeasurementError:  # the variable was created again in a unit of another category
            restored = False
        return self.page_context.go(
            variable_path(deleted.variable), "measurement-restored" if restored else "not-restored"
        )

    async def confirm_deletion(self, request: Request) -> Response:
        """GET /account/data/delete?name=…: the confirmation page."""
        browser_request = await self.page_context.browser_request(request)
        async with self.reads.place(browser_request.required().user.id):
            variable = await self._named(browser_request, request.query_params.get("name", ""))
        return self.page_context.show(
            request,
            browser_request,
            "account_data_delete.html",
            section="account-data",
            one=variable,
            path=variable_path(variable.summary.variable.name),
        )

    async def delete(self, request: Request) -> Response:
        """POST /account/data/delete: a variable with all its measurements."""
        browser_request, form = await self.page_context.posted(request)
        if not await self.measurement_service.delete_variable(
            browser_request.required().user.id, form.one("name")
        ):
            raise NotFound
        return self.page_context.go("/account/data", "variable-removed", form.one("name"))

    async def _variable(
        self, request: Request, browser_request: BrowserRequest, name: str, restorable: str = ""
    ) -> Response:
        async with self.reads.place(browser_request.required().user.id):
            return await self._show_variable(request, browser_request, name, restorable)

    async def _show_variable(
        self, request: Request, browser_request: BrowserRequest, name: str, restorable: str
    ) -> Response:
        """`restorable`: a measurement that was deleted just now, encrypted."""
        user, variable = browser_request.required().user, await self._named(browser_request, name)
        name = variable.summary.variable.name
        offset = page_offset(request.query_params.get("offset", ""))
        rows = await self.measurement_service.rows(user.id, newest(name, offset=offset))
        total = variable.summary.number
        given = request.query_params
        zone = zone_named((await self.profiles.of(user)).zoneinfo)
        return self.page_context.show(
            request,
            browser_request,
            "account_variable.html",
            section="account-data",
            one=variable,
            path=variable_path(name),
            drawn=await self.charts.of(
                user.id, variable, zone, given.get("range", ""), given.get("by", "")
            ),
            ranges={key: words for key, (words, _) in RANGES.items()},
            groupings=GROUPINGS,
            days=_by_day(rows, zone),
            total=total,
            restorable=restorable,
            newer=max(0, offset - ROWS) if offset else None,
            older=offset + ROWS if offset + ROWS < total else None,
        )

    async def _named(self, browser_request: BrowserRequest, name: str) -> VariableView:
        variable = await self.measurement_service.variable(browser_request.required().user.id, name)
        if variable is None:
            raise NotFound
        return variable


def _by_day(
    rows: Sequence[MeasurementView], zone: tzinfo
) -> list[tuple[date, list[tuple[MeasurementView, datetime]]]]:
    """The rows with their local times, by local day."""
    placed = [(row, in_zone(moment_of(row.start), zone)) for row in rows]
    return [(day, list(members)) for day, members in groupby(placed, lambda one: one[1].date())]
