"""/account/data: a person's measurements, with charts; add, import, export, delete."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from quantimodo.accounts.profiles import Profiles
from quantimodo.http.disconnects import while_connected
from quantimodo.http.errors import NotFound
from quantimodo.measurements.catalogue import References
from quantimodo.measurements.csv_export import csv_header, csv_row, csv_text
from quantimodo.measurements.csv_import import Sheet, read_sheet
from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.limits import ReadLimits
from quantimodo.measurements.queries import MeasurementQuery
from quantimodo.measurements.service import MeasurementService
from quantimodo.measurements.times import moment_of
from quantimodo.measurements.views import VariableView
from quantimodo.model.measurements import Comparison, Filter, Order
from quantimodo.model.users import User
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.charts import Chart, chart
from quantimodo.pages.data_form import read_measurement, words
from quantimodo.pages.form_errors import FormErrors
from quantimodo.pages.forms import LARGEST_SHEET, Form, FormView
from quantimodo.pages.layout import NO_STORE
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.timestamps import in_zone, zone_named
from quantimodo.pages.undo import Undo

_PAGE: Final = 24  # variables of one page
_ROWS: Final = 25  # measurements of one page
_CHARTED: Final = 200  # the latest measurements that a chart shows
_FIELDS: Final = ("variable", "value", "unit", "category", "when", "note")


@dataclass(frozen=True, slots=True)
class Tile:
    """A variable as the overview shows it."""

    shown: VariableView
    chart: Chart | None
    path: str
    latest: datetime | None


@dataclass(frozen=True, slots=True)
class Data:
    page_context: PageContext
    measurement_service: MeasurementService
    references: References
    profiles: Profiles
    undo: Undo
    reads: ReadLimits

    async def show(self, request: Request) -> Response:
        """GET /account/data; `?add=NAME` has that name in the form."""
        browser_request = await self.page_context.browser_request(request)
        given = {"variable": request.query_params.get("add", "")}
        return await while_connected(
            request.receive, self._overview(request, browser_request, given)
        )

    async def add(self, request: Request) -> Response:
        """POST /account/data: one measurement."""
        browser_request, form = await self.page_context.posted(request)
        user = browser_request.required().user
        sent, errors = read_measurement(form, await self._zone(user))
        name = sent.variable_name or ""
        if (
            name
            and not form.one("unit")
            and await self.measurement_service.variable(user.id, name) is None
        ):
            errors["unit"] = "This is new: choose its unit too."
        try:
            if not errors:
                await self.measurement_service.save(user.id, [sent])
        except MeasurementError as refused:
            errors[""] = words(refused)
        if errors:
            return await self._add_again(request, browser_request, form, errors)
        return self.page_context.go(_path(form.one("variable").strip()), "measurement-added")

    async def take_in(self, request: Request) -> Response:
        """POST /account/data/import: a CSV file, completely or not at all."""
        browser_request, form = await self.page_context.posted(request, LARGEST_SHEET)
        user, sheet = browser_request.required().user, Sheet()
        try:
            # Long tables take some time: other requests run meanwhile.
            catalogue = await self.references.catalogue()
            content = form.files.get("file", b"")
            sheet = await asyncio.to_thread(read_sheet, content, catalogue)
            await self.measurement_service.save(user.id, sheet.sets)
        except MeasurementError as refused:
            line = sheet.line(refused)
            text = words(refused) if line is None else f"Line {line}: {words(refused)}"
            return await self._overview(
                request, browser_request, {}, FormErrors(422, {"file": text})
            )
        return self.page_context.go("/account/data", "data-imported")

    async def export(self, request: Request) -> Response:
        """GET /account/data/export: everything, or one variable, as CSV; `?bom=true` for Excel."""
        browser_request = await self.page_context.browser_request(request)
        user = browser_request.required().user
        name = request.query_params.get("name", "")
        mark = request.query_params.get("bom") == "true"
        async with self.reads.place(user.id):
            chunks = await self.measurement_service.stream(user.id, _about(name))

        async def form_errors() -> AsyncIterator[bytes]:
            yield csv_header(mark=mark)
            while True:
                async with self.reads.place(user.id):
                    rows = await anext(chunks, None)
                if rows is None:
                    return
                yield csv_text(map(csv_row, rows))

        headers = {**NO_STORE, "content-disposition": 'attachment; filename="measurements.csv"'}
        return StreamingResponse(form_errors(), media_type="text/csv", headers=headers)

    async def variable(self, request: Request) -> Response:
        """GET /account/data/variable?name=…"""
        browser_request = await self.page_context.browser_request(request)
        name = request.query_params.get("name", "")
        return await while_connected(
            request.receive, self._variable(request, browser_request, name)
        )

    async def _variable(
        self, request: Request, browser_request: BrowserRequest, name: str, restorable: str = ""
    ) -> Response:
        async with self.reads.place(browser_request.required().user.id):
            return await self._show_variable(request, browser_request, name, restorable)

    async def _show_variable(
        self, request: Request, browser_request: BrowserRequest, name: str, restorable: str
    ) -> Response:
        """`restorable`: a measurement that was deleted just now, encrypted."""
        user, found = browser_request.required().user, await self._named(browser_request, name)
        name = found.summary.variable.name
        offset = _offset(request.query_params.get("offset", ""))
        asked = _about(name, offset=offset, limit=_ROWS)
        rows = await self.measurement_service.rows(user.id, asked)
        total = found.summary.number
        zone = await self._zone(user)
        return self.page_context.show(
            request,
            browser_request,
            "account_variable.html",
            section="account-data",
            one=found,
            path=_path(name),
            chart=await self._chart(user.id, name, 640, 160),
            rows=[(row, in_zone(moment_of(row.start), zone)) for row in rows],
            total=total,
            restorable=restorable,
            newer=max(0, offset - _ROWS) if offset else None,
            older=offset + _ROWS if offset + _ROWS < total else None,
        )

    async def remove(self, request: Request) -> Response:
        """POST /account/data/remove: one measurement. The response is the page of its variable,
        with a button that restores it."""
        browser_request, form = await self.page_context.posted(request)
        user, number = browser_request.required().user, form.one("id")
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            raise NotFound
        found = await self.measurement_service.one(user.id, int(number))
        if found is None or not await self.measurement_service.remove(user.id, int(number)):
            raise NotFound
        sealed = self.undo.sealed(browser_request, found)
        return await self._variable(request, browser_request, found.measurement.variable, sealed)

    async def restore(self, request: Request) -> Response:
        """POST /account/data/restore: the measurement that was deleted on the previous page."""
        browser_request, form = await self.page_context.posted(request)
        user, deleted = (
            browser_request.required().user,
            self.undo.opened(browser_request, form.one("deleted")),
        )
        if deleted is None:
            return self.page_context.go("/account/data", "too-late-to-restore")
        try:
            restored = await self.undo.restore(user.id, deleted)
        except MeasurementError:  # the variable was created again in a unit of another category
            restored = False
        return self.page_context.go(
            _path(deleted.variable), "measurement-restored" if restored else "not-restored"
        )

    async def ask_to_remove(self, request: Request) -> Response:
        """GET /account/data/delete?name=…: the confirmation page."""
        browser_request = await self.page_context.browser_request(request)
        async with self.reads.place(browser_request.required().user.id):
            found = await self._named(browser_request, request.query_params.get("name", ""))
        return self.page_context.show(
            request,
            browser_request,
            "account_data_delete.html",
            section="account-data",
            one=found,
            path=_path(found.summary.variable.name),
        )

    async def remove_variable(self, request: Request) -> Response:
        """POST /account/data/delete: a variable with all its measurements."""
        browser_request, form = await self.page_context.posted(request)
        if not await self.measurement_service.remove_variable(
            browser_request.required().user.id, form.one("name")
        ):
            raise NotFound
        return self.page_context.go("/account/data", "variable-removed")

    async def _named(self, browser_request: BrowserRequest, name: str) -> VariableView:
        found = await self.measurement_service.variable(browser_request.required().user.id, name)
        if found is None:
            raise NotFound
        return found

    async def _zone(self, user: User) -> tzinfo:
        return zone_named((await self.profiles.of(user)).zoneinfo)

    async def _overview(
        self,
        request: Request,
        browser_request: BrowserRequest,
        given: Mapping[str, str],
        again: FormErrors | None = None,
    ) -> Response:
        """`given`: initial values of the form that adds a measurement; the default time is now."""
        user = browser_request.required().user
        zone = await self._zone(user)
        now = f"{in_zone(self.page_context.clock.now(), zone):%Y-%m-%dT%H:%M}"
        offset = _offset(request.query_params.get("offset", ""))
        async with self.reads.place(user.id):
            found, total = await self.measurement_service.variables(
                user.id, MeasurementQuery(order=Order("variable"), limit=_PAGE, offset=offset)
            )
            tiles = [await self._tile(user.id, each, zone) for each in found]
        catalogue = await self.references.catalogue()
        return self.page_context.show(
            request,
            browser_request,
            "account_data.html",
            again=again,
            section="account-data",
            form=FormView({"when": now, **given}, again.errors if again else {}),
            zone=str(zone),
            tiles=tiles,
            total=total,
            newer=max(0, offset - _PAGE) if offset else None,
            older=offset + _PAGE if offset + _PAGE < total else None,
            units=[(unit.abbreviated_name, unit.name) for unit in catalogue.units],
            categories=[each.name for each in catalogue.variable_categories],
        )

    async def _tile(self, user_id: int, shown: VariableView, zone: tzinfo) -> Tile:
        name, latest = shown.summary.variable.name, shown.summary.latest
        return Tile(
            shown,
            await self._chart(user_id, name, 240, 56),
            _path(name),
            None if latest is None else in_zone(moment_of(latest), zone),
        )

    async def _chart(self, user_id: int, name: str, width: int, height: int) -> Chart | None:
        rows = await self.measurement_service.rows(user_id, _about(name, limit=_CHARTED))
        points = [(row.start / 1_000_000, row.value) for row in reversed(rows)]
        return chart(points, width, height)

    async def _add_again(
        self,
        request: Request,
        browser_request: BrowserRequest,
        form: Form,
        errors: Mapping[str, str],
    ) -> Response:
        given = {name: form.one(name) for name in _FIELDS}
        return await self._overview(request, browser_request, given, FormErrors(422, errors))


def _about(name: str, *, offset: int = 0, limit: int = _ROWS) -> MeasurementQuery:
    """A query for the newest measurements of a variable, or of all when `name` is empty."""
    filters: Sequence[Filter] = ()
    if name:
        filters = (Filter("variable", (Comparison("is", name),)),)
    newest = Order("start", descending=True)
    return MeasurementQuery(filters=tuple(filters), order=newest, limit=limit, offset=offset)


def _path(name: str) -> str:
    return f"/account/data/variable?name={quote(name, safe='')}"


def _offset(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
