"""/account/data: a person's variables, with charts; add, import and export measurements."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from quantimodo.accounts.profiles import Profiles
from quantimodo.http.disconnects import while_connected
from quantimodo.measurements.catalogue import References
from quantimodo.measurements.csv_export import csv_header, csv_row, csv_text
from quantimodo.measurements.csv_import import ParsedCsv, parse_csv
from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.queries import MeasurementQuery
from quantimodo.measurements.read_limits import ReadLimits
from quantimodo.measurements.service import MeasurementService
from quantimodo.measurements.times import moment_of
from quantimodo.measurements.views import VariableView
from quantimodo.model.measurements import Order
from quantimodo.model.texts import N_
from quantimodo.model.users import User
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.charts import Chart
from quantimodo.pages.data.measurement_form import parse_measurement
from quantimodo.pages.data.messages import translate_message
from quantimodo.pages.data.queries import newest, page_offset, variable_chart, variable_path
from quantimodo.pages.form_errors import FormErrors
from quantimodo.pages.forms import SHEET, Form, FormView
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.renderer import NO_STORE
from quantimodo.pages.timestamps import in_zone, zone_named

_PAGE: Final = 24  # variables of one page
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
        sent, errors = parse_measurement(form, await self._zone(user))
        name = sent.variable_name or ""
        if (
            name
            and not form.one("unit")
            and await self.measurement_service.variable(user.id, name) is None
        ):
            errors["unit"] = N_("This is new: choose its unit too.")
        try:
            if not errors:
                await self.measurement_service.save(user.id, [sent])
        except MeasurementError as refused:
            errors[""] = translate_message(refused)
        if errors:
            return await self._add_again(request, browser_request, form, errors)
        return self.page_context.go(
            variable_path(form.one("variable").strip()), "measurement-added"
        )

    async def import_csv(self, request: Request) -> Response:
        """POST /account/data/import: a CSV file, completely or not at all."""
        browser_request, form = await self.page_context.posted(request, SHEET)
        user, parsed = browser_request.required().user, ParsedCsv()
        try:
            # Long tables take some time: other requests run meanwhile.
            catalogue = await self.references.catalogue()
            content = form.files.get("file", b"")
            parsed = await asyncio.to_thread(parse_csv, content, catalogue)
            await self.measurement_service.save(user.id, parsed.sets)
        except MeasurementError as refused:
            line = parsed.line(refused)
            text = (
                translate_message(refused)
                if line is None
                else N_("Line %(line)s: %(reason)s", line=line, reason=translate_message(refused))
            )
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
            chunks = await self.measurement_service.stream(user.id, newest(name))

        async def csv_chunks() -> AsyncIterator[bytes]:
            yield csv_header(mark=mark)
            while True:
                async with self.reads.place(user.id):
                    rows = await anext(chunks, None)
                if rows is None:
                    return
                yield csv_text(map(csv_row, rows))

        headers = {**NO_STORE, "content-disposition": 'attachment; filename="measurements.csv"'}
        return StreamingResponse(csv_chunks(), media_type="text/csv", headers=headers)

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
        offset = page_offset(request.query_params.get("offset", ""))
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
            await variable_chart(self.measurement_service, user_id, name, 240, 56),
            variable_path(name),
            None if latest is None else in_zone(moment_of(latest), zone),
        )

    async def _add_again(
        self,
        request: Request,
        browser_request: BrowserRequest,
        form: Form,
        errors: Mapping[str, str],
    ) -> Response:
        given = {name: form.one(name) for name in _FIELDS}
        return await self._overview(request, browser_request, given, FormErrors(422, errors))
