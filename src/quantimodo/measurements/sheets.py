"""A CSV file as sets of measurements: its columns, its rows, and the line of each fault.

It takes what an export gives, in any order of columns, and the names of the API.
"""

import csv
import io
from dataclasses import dataclass, field
from typing import Any, Final

from quantimodo.measurements.errors import Refused
from quantimodo.measurements.posts import MOST_MEASUREMENTS, SentMeasurement, SentSet
from quantimodo.measurements.tables import is_formula

_COLUMNS: Final = {
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
_NEEDED: Final = {"variable": "Variable Name", "value": "Value", "time": "Start Time"}

Key = tuple[str, str, str, str]


@dataclass(slots=True)
class Sheet:
    """Its sets, their measurements, and the line that each of these stands on."""

    sets: list[SentSet] = field(default_factory=list)
    measured: list[list[SentMeasurement]] = field(default_factory=list)
    lines: list[list[int]] = field(default_factory=list)

    def line(self, refused: Refused) -> int | None:
        """The line that a refusal of these sets is about; the set's first when it is about all."""
        if refused.set_index is None or not self.lines[refused.set_index]:
            return None
        return self.lines[refused.set_index][refused.measurement_index or 0]


def read_sheet(content: bytes) -> Sheet:
    """Raises `Refused`, whose text names the line."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused("the file is no text in UTF-8; save it as CSV in UTF-8") from None
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        return _read(rows)
    except csv.Error:
        raise Refused(f"line {rows.line_num}: this is no CSV") from None


def _read(rows: Any) -> Sheet:
    columns = _columns(next(rows, []))
    sheet, places = Sheet(), dict[Key, int]()
    number = 0
    for cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        number += 1
        if number > MOST_MEASUREMENTS:
            raise Refused(f"the file has more than {MOST_MEASUREMENTS} measurements; split it")
        _take(sheet, places, columns, cells, rows.line_num)
    if not number:
        raise Refused("the file has no measurements")
    return sheet


def _columns(header: list[str]) -> list[str]:
    named = [name.strip().lower().replace("_", "").replace(" ", "") for name in header]
    columns = [_COLUMNS.get(name, "") for name in named]
    for needed, spelled in _NEEDED.items():
        if columns.count(needed) != 1:
            raise Refused(f"line 1 must name the column {spelled!r} once")
    if any(columns.count(name) > 1 for name in columns if name):
        raise Refused("line 1 names a column twice")
    return columns


def _take(
    sheet: Sheet, places: dict[Key, int], columns: list[str], cells: list[str], line: int
) -> None:
    found = dict(zip(columns, map(_cell, cells), strict=False))
    try:
        value = float(found.get("value", "").replace("\u2212", "-"))
    except ValueError:
        raise Refused(f"line {line}: the value is no number") from None
    key = tuple(found.get(name, "").strip() for name in ("variable", "source", "category", "unit"))
    place = places.setdefault(key, len(sheet.sets))  # type: ignore[arg-type]
    if place == len(sheet.sets):
        variable, source, category, unit = key
        sheet.measured.append([])
        sheet.sets.append(
            SentSet(
                measurements=sheet.measured[place],
                variable_name=variable,
                source_name=source or None,
                variable_category_name=category or None,
                abbreviated_unit_name=unit or None,
            )
        )
        sheet.lines.append([])
    sheet.measured[place].append(
        SentMeasurement(
            start_time=found.get("time", "").strip(), value=value, note=found.get("note") or None
        )
    )
    sheet.lines[place].append(line)


def _cell(text: str) -> str:
    # An export puts an apostrophe before what a spreadsheet would take for a formula.
    return text[1:] if text.startswith("'") and is_formula(text) else text
