"""/account/data: what a person measured, a small chart of each; add, import, export, delete."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from quantimodo.identity.profiles import Profiles
from quantimodo.measurements.catalogue import References
from quantimodo.measurements.errors import Refused
from quantimodo.measurements.journal import Journal, ShownVariable
from quantimodo.measurements.limits import ReadLimits
from quantimodo.measurements.questions import Question
from quantimodo.measurements.sheets import Sheet, read_sheet
from quantimodo.measurements.tables import csv_header, csv_row, csv_text
from quantimodo.measurements.times import moment_of
from quantimodo.model.measurements import Comparison, Filter, Order
from quantimodo.model.users import User
from quantimodo.pages.browser import Visit
from quantimodo.pages.charts import Chart, chart
from quantimodo.pages.data_form import read_measurement, words
from quantimodo.pages.desk import Desk, NotHere
from quantimodo.pages.forms import LARGEST_SHEET, Form, FormView
from quantimodo.pages.layout import NO_STORE
from quantimodo.pages.moments import in_zone, zone_named
from quantimodo.pages.refusals import Told
from quantimodo.pages.undo import Undo
from quantimodo.wire.disconnects import while_connected

_PAGE: Final = 24  # variables of one page
_ROWS: Final = 25  # measurements of one page
_CHARTED: Final = 200  # the latest measurements that a chart shows
_FIELDS: Final = ("variable", "value", "unit", "category", "when", "note")


@dataclass(frozen=True, slots=True)
class Tile:
    """A variable as the overview shows it."""

    shown: ShownVariable
    chart: Chart | None
    path: str
    latest: datetime | None


@dataclass(frozen=True, slots=True)
class Data:
    desk: Desk
    journal: Journal
    references: References
    profiles: Profiles
    undo: Undo
    reads: ReadLimits

    async def show(self, request: Request) -> Response:
        """GET /account/data; `?add=NAME` has that name in the form."""
        visit = await self.desk.visit(request)
        given = {"variable": request.query_params.get("add", "")}
        return await while_connected(request.receive, self._overview(request, visit, given))

    async def add(self, request: Request) -> Response:
        """POST /account/data: one measurement."""
        visit, form = await self.desk.posted(request)
        user = visit.required().user
        sent, errors = read_measurement(form, await self._zone(user))
        name = sent.variable_name or ""
        if name and not form.one("unit") and await self.journal.variable(user.id, name) is None:
            errors["unit"] = "This is new: choose its unit too."
        try:
            if not errors:
                await self.journal.save(user.id, [sent])
        except Refused as refused:
            errors[""] = words(refused)
        if errors:
            return await self._add_again(request, visit, form, errors)
        return self.desk.go(_path(form.one("variable").strip()), "measurement-added")

    async def take_in(self, request: Request) -> Response:
        """POST /account/data/import: all of a CSV file, or nothing of it."""
        visit, form = await self.desk.posted(request, LARGEST_SHEET)
        user, sheet = visit.required().user, Sheet()
        try:
            # Long tables take their time: others have their turn meanwhile.
            catalogue = await self.references.catalogue()
            content = form.files.get("file", b"")
            sheet = await asyncio.to_thread(read_sheet, content, catalogue)
            await self.journal.save(user.id, sheet.sets)
        except Refused as refused:
            line = sheet.line(refused)
            text = words(refused) if line is None else f"Line {line}: {words(refused)}"
            return await self._overview(request, visit, {}, Told(422, {"file": text}))
        return self.desk.go("/account/data", "data-imported")

    async def export(self, request: Request) -> Response:
        """GET /account/data/export: everything, or one variable, as CSV; `?bom=true` for Excel."""
        visit = await self.desk.visit(request)
        user = visit.required().user
        name = request.query_params.get("name", "")
        mark = request.query_params.get("bom") == "true"
        async with self.reads.place(user.id):
            chunks = await self.journal.walk(user.id, _about(name))

        async def told() -> AsyncIterator[bytes]:
            yield csv_header(mark=mark)
            while True:
                async with self.reads.place(user.id):
                    rows = await anext(chunks, None)
                if rows is None:
                    return
                yield csv_text(map(csv_row, rows))

        headers = {**NO_STORE, "content-disposition": 'attachment; filename="measurements.csv"'}
        return StreamingResponse(told(), media_type="text/csv", headers=headers)

    async def variable(self, request: Request) -> Response:
        """GET /account/data/variable?name=…"""
        visit = await self.desk.visit(request)
        name = request.query_params.get("name", "")
        return await while_connected(request.receive, self._variable(request, visit, name))

    async def _variable(
        self, request: Request, visit: Visit, name: str, restorable: str = ""
    ) -> Response:
        async with self.reads.place(visit.required().user.id):
            return await self._show_variable(request, visit, name, restorable)

    async def _show_variable(
        self, request: Request, visit: Visit, name: str, restorable: str
    ) -> Response:
        """`restorable`: a measurement that was deleted just now, sealed."""
        user, found = visit.required().user, await self._named(visit, name)
        name = found.summary.variable.name
        offset = _offset(request.query_params.get("offset", ""))
        rows = await self.journal.rows(user.id, _about(name, offset=offset, limit=_ROWS))
        total = found.summary.number
        zone = await self._zone(user)
        return self.desk.show(
            request,
            visit,
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
        """POST /account/data/remove: one measurement. The answer is the page of its variable, with
        a button that restores it."""
        visit, form = await self.desk.posted(request)
        user, number = visit.required().user, form.one("id")
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            raise NotHere
        found = await self.journal.one(user.id, int(number))
        if found is None or not await self.journal.remove(user.id, int(number)):
            raise NotHere
        sealed = self.undo.sealed(visit, found)
        return await self._variable(request, visit, found.measurement.variable, sealed)

    async def restore(self, request: Request) -> Response:
        """POST /account/data/restore: what was deleted on the page before."""
        visit, form = await self.desk.posted(request)
        user, deleted = visit.required().user, self.undo.opened(visit, form.one("deleted"))
        if deleted is None:
            return self.desk.go("/account/data", "too-late-to-restore")
        try:
            restored = await self.undo.restore(user.id, deleted)
        except Refused:  # the variable was made anew meanwhile, in a unit of another kind
            restored = False
        return self.desk.go(
            _path(deleted.variable), "measurement-restored" if restored else "not-restored"
        )

    async def ask_to_remove(self, request: Request) -> Response:
        """GET /account/data/delete?name=…: is it meant?"""
        visit = await self.desk.visit(request)
        async with self.reads.place(visit.required().user.id):
            found = await self._named(visit, request.query_params.get("name", ""))
        return self.desk.show(
            request,
            visit,
            "account_data_delete.html",
            section="account-data",
            one=found,
            path=_path(found.summary.variable.name),
        )

    async def remove_variable(self, request: Request) -> Response:
        """POST /account/data/delete: a variable with all its measurements."""
        visit, form = await self.desk.posted(request)
        if not await self.journal.remove_variable(visit.required().user.id, form.one("name")):
            raise NotHere
        return self.desk.go("/account/data", "variable-removed")

    # ------------------------------------------------------------------------------- what is shown

    async def _named(self, visit: Visit, name: str) -> ShownVariable:
        found = await self.journal.variable(visit.required().user.id, name)
        if found is None:
            raise NotHere
        return found

    async def _zone(self, user: User) -> tzinfo:
        return zone_named((await self.profiles.of(user)).zoneinfo)

    async def _overview(
        self, request: Request, visit: Visit, given: Mapping[str, str], again: Told | None = None
    ) -> Response:
        """`given` is what the form to add with begins with; the moment is now if it has none."""
        user = visit.required().user
        zone = await self._zone(user)
        now = f"{in_zone(self.desk.clock.now(), zone):%Y-%m-%dT%H:%M}"
        offset = _offset(request.query_params.get("offset", ""))
        async with self.reads.place(user.id):
            found, total = await self.journal.variables(
                user.id, Question(order=Order("variable"), limit=_PAGE, offset=offset)
            )
            tiles = [await self._tile(user.id, each, zone) for each in found]
        catalogue = await self.references.catalogue()
        return self.desk.show(
            request,
            visit,
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

    async def _tile(self, user_id: int, shown: ShownVariable, zone: tzinfo) -> Tile:
        name, latest = shown.summary.variable.name, shown.summary.latest
        return Tile(
            shown,
            await self._chart(user_id, name, 240, 56),
            _path(name),
            None if latest is None else in_zone(moment_of(latest), zone),
        )

    async def _chart(self, user_id: int, name: str, width: int, height: int) -> Chart | None:
        rows = await self.journal.rows(user_id, _about(name, limit=_CHARTED))
        points = [(row.start / 1_000_000, row.value) for row in reversed(rows)]
        return chart(points, width, height)

    async def _add_again(
        self, request: Request, visit: Visit, form: Form, errors: Mapping[str, str]
    ) -> Response:
        given = {name: form.one(name) for name in _FIELDS}
        return await self._overview(request, visit, given, Told(422, errors))


def _about(name: str, *, offset: int = 0, limit: int = _ROWS) -> Question:
    """The newest of a variable, or of all when it has no name."""
    filters: Sequence[Filter] = ()
    if name:
        filters = (Filter("variable", (Comparison("is", name),)),)
    newest = Order("start", descending=True)
    return Question(filters=tuple(filters), order=newest, limit=limit, offset=offset)


def _path(name: str) -> str:
    return f"/account/data/variable?name={quote(name, safe='')}"


def _offset(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
