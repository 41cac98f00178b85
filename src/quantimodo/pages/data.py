"""/account/data: what a person measured, a small chart of each; add, import, export, delete."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from quantimodo.identity.profiles import Profiles
from quantimodo.measurements.catalogue import References
from quantimodo.measurements.csv_cells import number_of
from quantimodo.measurements.errors import Refused
from quantimodo.measurements.journal import Journal, ShownVariable
from quantimodo.measurements.posts import SentMeasurement, SentSet
from quantimodo.measurements.questions import Question
from quantimodo.measurements.sheets import Sheet, read_sheet
from quantimodo.measurements.tables import csv_header, csv_row, csv_text
from quantimodo.measurements.times import moment_of
from quantimodo.model.measurements import Comparison, Filter, Order
from quantimodo.model.users import User
from quantimodo.pages.browser import Visit
from quantimodo.pages.charts import Chart, chart
from quantimodo.pages.desk import Desk, NotHere
from quantimodo.pages.forms import LARGEST_SHEET, Form, FormView
from quantimodo.pages.layout import NO_STORE
from quantimodo.pages.moments import in_zone, zone_named
from quantimodo.pages.refusals import Told

_PAGE: Final = 24  # variables of one page
_ROWS: Final = 25  # measurements of one page
_CHARTED: Final = 200  # the latest measurements that a chart shows
_THOUSANDS: Final = re.compile(r"[+\u2212-]?[1-9]\d{0,2}(,\d{3})+")
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

    async def show(self, request: Request) -> Response:
        """GET /account/data; `?add=NAME` has that name in the form."""
        visit = await self.desk.visit(request)
        given = {"variable": request.query_params.get("add", "")}
        return await self._overview(request, visit, given)

    async def add(self, request: Request) -> Response:
        """POST /account/data: one measurement."""
        visit, form = await self.desk.posted(request)
        user = visit.required().user
        try:
            await self.journal.save(user.id, [_sent(form, await self._zone(user))])
        except _FormRefused as refused:
            return await self._add_again(request, visit, form, refused.field, refused.text)
        except Refused as refused:
            return await self._add_again(request, visit, form, "", _words(refused))
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
            text = _words(refused) if line is None else f"Line {line}: {_words(refused)}"
            return await self._overview(request, visit, {}, Told(422, {"file": text}))
        return self.desk.go("/account/data", "data-imported")

    async def export(self, request: Request) -> Response:
        """GET /account/data/export: everything, or one variable, as CSV; `?bom=true` for Excel."""
        visit = await self.desk.visit(request)
        user = visit.required().user
        name = request.query_params.get("name", "")
        mark = request.query_params.get("bom") == "true"
        chunks = await self.journal.walk(user.id, _about(name))

        async def told() -> AsyncIterator[bytes]:
            yield csv_header(mark=mark)
            async for rows in chunks:
                yield csv_text(map(csv_row, rows))

        headers = {**NO_STORE, "content-disposition": 'attachment; filename="measurements.csv"'}
        return StreamingResponse(told(), media_type="text/csv", headers=headers)

    async def variable(self, request: Request) -> Response:
        """GET /account/data/variable?name=…"""
        visit = await self.desk.visit(request)
        user, found = visit.required().user, await self._named(request, visit)
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
            newer=max(0, offset - _ROWS) if offset else None,
            older=offset + _ROWS if offset + _ROWS < total else None,
        )

    async def remove(self, request: Request) -> Response:
        """POST /account/data/remove: one measurement."""
        visit, form = await self.desk.posted(request)
        user, number = visit.required().user, form.one("id")
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            raise NotHere
        found = await self.journal.one(user.id, int(number))
        if found is None or not await self.journal.remove(user.id, int(number)):
            raise NotHere
        return self.desk.go(_path(found.measurement.variable), "measurement-removed")

    async def ask_to_remove(self, request: Request) -> Response:
        """GET /account/data/delete?name=…: is it meant?"""
        visit = await self.desk.visit(request)
        visit.required()
        found = await self._named(request, visit)
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

    async def _named(self, request: Request, visit: Visit) -> ShownVariable:
        name = request.query_params.get("name", "")
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
        found, total = await self.journal.variables(
            user.id, Question(order=Order("variable"), limit=_PAGE, offset=offset)
        )
        catalogue = await self.references.catalogue()
        return self.desk.show(
            request,
            visit,
            "account_data.html",
            again=again,
            section="account-data",
            form=FormView({"when": now, **given}, again.errors if again else {}),
            zone=str(zone),
            tiles=[await self._tile(user.id, each, zone) for each in found],
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
        self, request: Request, visit: Visit, form: Form, field: str, text: str
    ) -> Response:
        given = {name: form.one(name) for name in _FIELDS}
        return await self._overview(request, visit, given, Told(422, {field: text}))


class _FormRefused(Exception):
    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field
        self.text = text


def _sent(form: Form, zone: tzinfo) -> SentSet:
    value = _number(form.one("value").strip())
    if not form.one("variable").strip():
        raise _FormRefused("variable", "Say what you measured.")
    when = form.one("when").strip()
    if not when:
        raise _FormRefused("when", "Say when it was.")
    one = SentMeasurement(
        start_time=_placed(when, zone), value=value, note=form.one("note") or None
    )
    return SentSet(
        measurements=[one],
        variable_name=form.one("variable"),
        variable_category_name=form.one("category") or None,
        abbreviated_unit_name=form.one("unit") or None,
    )


def _number(text: str) -> float:
    if _THOUSANDS.fullmatch(text):  # to some a thousand and more, to others one and a bit
        raise _FormRefused("value", "Write it without a comma: as 1234, or as 1.234.")
    try:
        return number_of(text.replace(",", ".", 1))
    except ValueError:
        raise _FormRefused("value", "Enter a number.") from None


def _placed(when: str, zone: tzinfo) -> str:
    """A local time, as a browser sends it, with its offset; anything else as it is."""
    try:
        moment = datetime.fromisoformat(when)
    except ValueError:
        return when
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).isoformat()


def _words(refused: Refused) -> str:
    """As a person reads it: without the place in a request that they never saw."""
    text = refused.text
    if refused.set_index is not None:
        text = text.partition(": ")[2]
    known: Mapping[str, str] = {
        "a new variable needs its abbreviatedUnitName": "This is new: choose its unit too.",
        "the unit is of another category than the variable's": "What you measured before has a"
        " unit of another kind; choose one that fits.",
        "startTime is text that may be a spreadsheet's date; send seconds since 1970 as a"
        " number, or ISO 8601": "This may be a spreadsheet's date; write the time as"
        " 2026-11-23T07:30.",
        "startTime is neither seconds since 1970 nor ISO 8601": "The time cannot be read; write it"
        " as 2026-11-23T07:30.",
    }
    return known.get(text, f"{text[:1].upper()}{text[1:]}.")


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
