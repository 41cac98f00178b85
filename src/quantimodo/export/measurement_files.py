"""The measurements of a person: CSV files that can be imported again, and JSON lines."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from quantimodo.export.parts import FileDescription, Part, json_lines
from quantimodo.export.zip_stream import in_thread
from quantimodo.measurements.csv_export import csv_header, csv_row, csv_text
from quantimodo.measurements.payloads import MOST_MEASUREMENTS
from quantimodo.measurements.queries import MeasurementQuery
from quantimodo.measurements.read_limits import ReadLimits
from quantimodo.measurements.service import MeasurementService
from quantimodo.measurements.times import format_time
from quantimodo.measurements.views import MeasurementView, VariableView
from quantimodo.model.measurements import Order
from quantimodo.model.texts import N_
from quantimodo.model.users import User

# A file of this size is accepted by the import.
_LARGEST_CSV: Final = 3 * 1024 * 1024
_VARIABLES: Final = 200  # of one page
_CSV: Final = "measurements/measurements-{:04}.csv"
_LINES: Final = "measurements/measurements.jsonl"
_VARIABLE_LINES: Final = "measurements/variables.jsonl"
_DESCRIPTIONS: Final = (
    FileDescription(
        N_("measurements/measurements-0001.csv and so on"),
        N_(
            "All measurements, oldest first, as CSV in UTF-8. Each file can be imported on the page"
            " 'Your data': it has at most %(most)s measurements.",
            most=format(MOST_MEASUREMENTS, ","),
        ),
        (
            ("Variable Name", N_("what was measured")),
            ("Value", N_("the number, in Unit")),
            ("Unit", N_("the unit of the variable, abbreviated")),
            ("Start Time", N_("ISO 8601, in UTC")),
            ("Source", N_("where it comes from; may be empty")),
            ("Note", N_("text; may be empty")),
            ("Variable Category Name", N_("the category of the variable")),
            ("Combination Operation", N_("how groups are formed: MEAN or SUM")),
            ("Stored Value", N_("the number as it was sent, if that was in another unit")),
            ("Stored Unit", N_("the unit of Stored Value")),
        ),
    ),
    FileDescription(
        _LINES,
        N_("The same measurements, one JSON object in each line."),
        (
            ("id", N_("the number of the measurement in the API")),
            ("variable, category, source, note", N_("text")),
            ("combination", N_("MEAN or SUM")),
            ("value, unit", N_("the number, and the unit of the variable")),
            ("storedValue, storedUnit", N_("the number as it was sent, and its unit")),
            ("startTime, createdAt, updatedAt", N_("ISO 8601, in UTC")),
        ),
    ),
    FileDescription(
        _VARIABLE_LINES,
        N_("The variables, one JSON object in each line."),
        (
            ("name, category, unit", N_("text")),
            ("combination", N_("MEAN or SUM")),
            ("measurements", N_("their number")),
            ("createdAt, earliest, latest", N_("ISO 8601, in UTC")),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class MeasurementFiles:
    """Each page is one read of the person's, with its deadline (`measurements/read_limits.py`).
    Implements `FileSource`."""

    service: MeasurementService
    reads: ReadLimits

    @property
    def descriptions(self) -> Sequence[FileDescription]:
        return _DESCRIPTIONS

    async def parts(self, user: User) -> AsyncGenerator[Part, None]:
        number, rows_left, bytes_left = 0, 0, 0
        async with aclosing(self._pages(user)) as pages:
            async for page in pages:
                for rows, data in await in_thread(partial(_csv_chunks, page)):
                    if rows > rows_left or len(data) > bytes_left:
                        number += 1
                        rows_left, bytes_left = MOST_MEASUREMENTS, _LARGEST_CSV
                        yield Part(_CSV.format(number), csv_header())
                    rows_left, bytes_left = rows_left - rows, bytes_left - len(data)
                    yield Part(_CSV.format(number), data)
        if not number:
            yield Part(_CSV.format(1), csv_header())
        yield Part(_LINES, b"")
        async with aclosing(self._pages(user)) as pages:
            async for page in pages:
                data = await in_thread(partial(_lines, page))
                yield Part(_LINES, data)
        async for part in self._variables(user):
            yield part

    async def _pages(self, user: User) -> AsyncGenerator[Sequence[MeasurementView], None]:
        query = MeasurementQuery(order=Order("start"))
        async with self.reads.place(user.id):
            chunks = await self.service.stream(user.id, query)
        while True:
            async with self.reads.place(user.id):
                page = await anext(chunks, None)
            if page is None:
                return
            yield page

    async def _variables(self, user: User) -> AsyncGenerator[Part, None]:
        yield Part(_VARIABLE_LINES, b"")
        offset = 0
        while True:
            query = MeasurementQuery(order=Order("variable"), limit=_VARIABLES, offset=offset)
            async with self.reads.place(user.id):
                page, _ = await self.service.variables(user.id, query)
            yield Part(_VARIABLE_LINES, json_lines(map(_variable, page)))
            if len(page) < _VARIABLES:
                return
            offset += _VARIABLES


def _csv_chunks(page: Sequence[MeasurementView]) -> list[tuple[int, bytes]]:
    """The rows as CSV, each chunk small enough for one file, with the number of its rows."""
    data = csv_text(map(csv_row, page))
    if len(data) <= _LARGEST_CSV or len(page) == 1:
        return [(len(page), data)]
    middle = len(page) // 2
    return [*_csv_chunks(page[:middle]), *_csv_chunks(page[middle:])]


def _lines(page: Sequence[MeasurementView]) -> bytes:
    return json_lines(map(_measurement, page))


def _measurement(view: MeasurementView) -> Mapping[str, Any]:
    measurement = view.measurement
    return {
        "id": measurement.id,
        "variable": measurement.variable,
        "category": view.category,
        "combination": measurement.combination,
        "value": view.value,
        "unit": view.unit.abbreviated_name,
        "storedValue": measurement.stored_value,
        "storedUnit": view.stored_unit.abbreviated_name,
        "startTime": format_time(view.start),
        "source": view.source or "",
        "note": measurement.note,
        "createdAt": format_time(view.created_at),
        "updatedAt": format_time(view.updated_at),
    }


def _variable(view: VariableView) -> Mapping[str, Any]:
    summary = view.summary
    return {
        "name": summary.variable.name,
        "category": view.category,
        "unit": view.unit.abbreviated_name,
        "combination": summary.variable.combination,
        "measurements": summary.number,
        "createdAt": format_time(summary.variable.created_at),
        "earliest": None if summary.earliest is None else format_time(summary.earliest),
        "latest": None if summary.latest is None else format_time(summary.latest),
    }
