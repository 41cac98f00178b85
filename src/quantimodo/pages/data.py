"""/account/data: what a person measured, a small chart of each; add, import, export, delete."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from quantimodo.measurements.catalogue import References
from quantimodo.measurements.errors import Refused
from quantimodo.measurements.journal import Journal, ShownVariable
from quantimodo.measurements.posts import SentMeasurement, SentSet
from quantimodo.measurements.questions import Question
from quantimodo.measurements.sheets import Sheet, read_sheet
from quantimodo.measurements.tables import CSV_COLUMNS, csv_row, csv_text
from quantimodo.measurements.times import moment_of
from quantimodo.model.measurements import Comparison, Filter, Order
from quantimodo.pages.browser import Visit
from quantimodo.pages.charts import Chart, chart
from quantimodo.pages.desk import Desk, NotHere
from quantimodo.pages.forms import Form, FormView
from quantimodo.pages.layout import NO_STORE
from quantimodo.pages.refusals import Told

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


@dataclass(frozen=True, slots=True)
class Data:
    desk: Desk
    journal: Journal
    references: References

    async def show(self, request: Request) -> Response:
        visit = await self.desk.visit(request)
        return await self._overview(request, visit, FormView({"when": self._now()}))

    async def add(self, request: Request) -> Response:
        """POST /account/data: one measurement."""
        visit, form = await self.desk.posted(request)
        user = visit.required().user
        try:
            await self.journal.save(user.id, [_sent(form)])
        except _FormRefused as refused:
            return await self._add_again(request, visit, form, refused.field, refused.text)
        except Refused as refused:
            return await self._add_again(request, visit, form, "", _words(refused))
        return self.desk.go(_path(form.one("variable").strip()), "measurement-added")

    async def take_in(self, request: Request) -> Response:
        """POST /account/data/import: all of a CSV file, or nothing of it."""
        visit, form = await self.desk.posted(request)
        user, sheet = visit.required().user, Sheet()
        try:
            sheet = read_sheet(form.files.get("file", b""))
            await self.journal.save(user.id, sheet.sets)
        except Refused as refused:
            line = sheet.line(refused)
            text = _words(refused) if line is None else f"Line {line}: {_words(refused)}"
            again = Told(422, {"file": text})
            view = FormView({"when": self._now()}, again.errors)
            return await self._overview(request, visit, view, again)
        return self.desk.go("/account/data", "data-imported")

    async def export(self, request: Request) -> Response:
        """GET /account/data/export: everything, or one variable, as CSV."""
        visit = await self.desk.visit(request)
        user = visit.required().user
        name = request.query_params.get("name", "")
        chunks = await self.journal.walk(user.id, _about(name))

        async def told() -> AsyncIterator[bytes]:
            yield csv_text([CSV_COLUMNS])
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
        rows, total = await self.journal.page(user.id, _about(name, offset=offset, limit=_ROWS))
        return self.desk.show(
            request,
            visit,
            "account_variable.html",
            section="account-data",
            one=found,
            path=_path(name),
            chart=await self._chart(user.id, name, 640, 160),
            rows=[(row, moment_of(row.start)) for row in rows],
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

    async def _overview(
        self, request: Request, visit: Visit, view: FormView, again: Told | None = None
    ) -> Response:
        user = visit.required().user
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
            form=view,
            tiles=[await self._tile(user.id, each) for each in found],
            total=total,
            newer=max(0, offset - _PAGE) if offset else None,
            older=offset + _PAGE if offset + _PAGE < total else None,
            units=[(unit.abbreviated_name, unit.name) for unit in catalogue.units],
            categories=[each.name for each in catalogue.variable_categories],
            moment_of=moment_of,
        )

    async def _tile(self, user_id: int, shown: ShownVariable) -> Tile:
        name = shown.summary.variable.name
        return Tile(shown, await self._chart(user_id, name, 240, 56), _path(name))

    async def _chart(self, user_id: int, name: str, width: int, height: int) -> Chart | None:
        rows, _ = await self.journal.page(
            user_id, _about(name, limit=_CHARTED, order=Order("start", descending=True))
        )
        points = [(row.start / 1_000_000, row.value) for row in reversed(rows)]
        return chart(points, width, height)

    async def _add_again(
        self, request: Request, visit: Visit, form: Form, field: str, text: str
    ) -> Response:
        again = Told(422, {field: text})
        return await self._overview(request, visit, again.view(form, *_FIELDS), again)

    def _now(self) -> str:
        return f"{self.desk.clock.now():%Y-%m-%dT%H:%M}"


class _FormRefused(Exception):
    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field
        self.text = text


def _sent(form: Form) -> SentSet:
    try:
        value = float(form.one("value").strip().replace(",", "."))
    except ValueError:
        raise _FormRefused("value", "Enter a number.") from None
    if not form.one("variable").strip():
        raise _FormRefused("variable", "Say what you measured.")
    when = form.one("when").strip()
    if not when:
        raise _FormRefused("when", "Say when it was.")
    one = SentMeasurement(start_time=when, value=value, note=form.one("note") or None)
    return SentSet(
        measurements=[one],
        variable_name=form.one("variable"),
        variable_category_name=form.one("category") or None,
        abbreviated_unit_name=form.one("unit") or None,
    )


def _words(refused: Refused) -> str:
    """As a person reads it: without the place in a request that they never saw."""
    text = refused.text
    if refused.set_index is not None:
        text = text.partition(": ")[2]
    known: Mapping[str, str] = {
        "a new variable needs its abbreviatedUnitName": "This is new: choose its unit too.",
        "the unit is of another category than the variable's": "What you measured before has a"
        " unit of another kind; choose one that fits.",
        "startTime is neither seconds since 1970 nor ISO 8601": "The time cannot be read; write it"
        " as 2026-11-23T07:30.",
    }
    return known.get(text, f"{text[:1].upper()}{text[1:]}.")


def _about(
    name: str, *, offset: int = 0, limit: int = _ROWS, order: Order | None = None
) -> Question:
    filters: Sequence[Filter] = ()
    if name:
        filters = (Filter("variable", (Comparison("is", name),)),)
    newest = Order("start", descending=True)
    return Question(filters=tuple(filters), order=order or newest, limit=limit, offset=offset)


def _path(name: str) -> str:
    return f"/account/data/variable?name={quote(name, safe='')}"


def _offset(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
