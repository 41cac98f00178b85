"""CSV files of measurements: their columns, their rows, and what is wrong with them.

A file is read row by row, so it may be of any size.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from swagger_client.models import MeasurementSet, NewMeasurement
from swagger_client.records import moment

# The contract's names, those of its older spellings, and those of an export.
_COLUMNS = {
    "variable": "variable",
    "variablename": "variable",
    "name": "variable",
    "value": "value",
    "starttime": "time",
    "timestamp": "time",
    "time": "time",
    "unit": "unit",
    "abbreviatedunitname": "unit",
    "source": "source",
    "sourcename": "source",
    "category": "category",
    "variablecategoryname": "category",
    "note": "note",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NEEDED = ("variable", "value", "time")


class BadSheet(ValueError):
    """A file that cannot be imported; the text says where and why."""


@dataclass(frozen=True)
class Row:
    """One measurement, and the line that it stands on."""

    line: int
    variable: str
    value: float
    time: float | str
    unit: str | None = None
    source: str | None = None
    category: str | None = None
    note: str | None = None


def rows_of(path: Path) -> Iterator[Row]:
    """The measurements of a file. Raises `BadSheet` at the first one that is none."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        try:
            columns = _columns(next(reader, []))
            for cells in reader:
                if cells:
                    yield _row(reader.line_num, dict(zip(columns, cells)))
        except (csv.Error, UnicodeDecodeError):
            raise BadSheet(f"line {reader.line_num + 1} is no CSV text in UTF-8") from None


def groups_of(rows: Iterable[Row]) -> list[list[Row]]:
    """Rows as the API takes them together: by variable, source, category and unit."""

    def key(row: Row) -> tuple[str, ...]:
        return row.variable, row.source or "", row.category or "", row.unit or ""

    return [list(group) for _, group in groupby(sorted(rows, key=key), key)]


def set_of(rows: Sequence[Row]) -> MeasurementSet:
    """A group, as it is sent."""
    first = rows[0]
    return MeasurementSet(
        first.variable,
        [NewMeasurement(row.time, row.value, row.note) for row in rows],
        source_name=first.source,
        abbreviated_unit_name=first.unit,
        variable_category_name=first.category,
    )


def _columns(header: list[str]) -> list[str]:
    named = [name.strip().lower().replace("_", "").replace(" ", "") for name in header]
    columns = [_COLUMNS.get(name, "") for name in named]
    for needed in _NEEDED:
        if columns.count(needed) != 1:
            raise BadSheet(f"line 1 must name the column `{needed}` once")
    return columns


def _row(line: int, cells: dict[str, str]) -> Row:
    found = {name: _plain(cell) for name, cell in cells.items() if name and cell.strip()}
    for needed in _NEEDED:
        if needed not in found:
            raise BadSheet(f"line {line} has no {needed}")
    return Row(
        line=line,
        variable=found["variable"],
        value=_number(line, found["value"]),
        time=time_of(found["time"], f"line {line}"),
        unit=found.get("unit"),
        source=found.get("source"),
        category=found.get("category"),
        note=found.get("note"),
    )


def _plain(cell: str) -> str:
    """The text of a cell. An export puts an apostrophe before what spreadsheets would compute."""
    text = cell.strip()
    return text[1:] if text[:1] == "'" and text[1:].startswith(_FORMULA) else text


def _number(line: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadSheet(f"line {line}: the value is no number")
    return value


def time_of(text: str, where: str) -> float | str:
    """Epoch seconds or ISO 8601 with its time zone. Raises `BadSheet`."""
    try:
        number = float(text)
        if math.isfinite(number):
            return int(number) if number.is_integer() else number
    except ValueError:
        pass
    try:
        written = moment(text.replace(" ", "T", 1))
    except (TypeError, ValueError):
        raise BadSheet(f"{where}: a time is 2026-11-23T12:00:00Z, or seconds since 1970") from None
    return written.isoformat()
