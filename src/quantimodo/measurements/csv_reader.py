"""Reads a CSV file of measurements (RFC 4180): columns, rows, and the line of each fault.

This file exists twice, byte for byte: in the server (`measurements/`) and in the Python client
(`command/`), which is a distribution without the server. Standard library and Python 3.9 only.
tests/measurements/test_csv_reader.py compares the two copies and holds the table of cases.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import TextIOWrapper
from typing import BinaryIO, NamedTuple

from .csv_cells import BadCsv, time_of, unguarded, value_of

# The names of an export, those of the API, and the API's older spellings.
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
    "combination": "combination",
    "combinationoperation": "combination",
    "storedvalue": "stored_value",
    "storedunit": "stored_unit",
    "storedabbreviatedunitname": "stored_unit",
    "note": "note",
}
_NEEDED = {"variable": "Variable Name", "value": "Value", "time": "Start Time"}
_SEPARATORS = (",", ";", "\t")
_NOT_TEXT = re.compile("[\\udc80-\\udcff\\0]")  # bytes that are not UTF-8, and zero bytes
_SEPARATOR_LINE = re.compile(r'"?sep=(.*?)"?\r?\n?', re.IGNORECASE)


class Row(NamedTuple):
    """One measurement and the line that it begins on. `time` is seconds since 1970 or ISO 8601."""

    line: int
    variable: str
    value: float
    time: float | str
    unit: str | None = None
    source: str | None = None
    category: str | None = None
    combination: str | None = None
    stored_value: float | None = None
    stored_unit: str | None = None
    note: str | None = None


class Group(NamedTuple):
    """Rows that the API takes as one set. Without rows it declares the unit of a new variable."""

    line: int
    variable: str
    unit: str | None
    source: str | None
    category: str | None
    combination: str | None
    rows: list[Row]

    def line_of(self, measurement: int | None) -> int:
        """The line of a measurement of this set; without one, the first line."""
        if measurement is None or not 0 <= measurement < len(self.rows):
            return self.line
        return self.rows[measurement].line


# ---------------------------------------------------------------------------------------- the file


def read_rows(file: BinaryIO) -> Iterator[Row]:
    """The measurements of a file in UTF-8, in constant memory. Raises `BadCsv`."""
    text = TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="")
    try:
        yield from _Reader(_checked(text)).rows()
    finally:
        text.detach()


def _checked(lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        if _NOT_TEXT.search(line):
            raise BadCsv(f"line {number}: this is not text in UTF-8; save the file as CSV in UTF-8")
        yield line


class _Strict(csv.excel):
    """RFC 4180, as spreadsheets write it; a quote that is out of place is a fault."""

    strict = True


class _Reader:
    """Finds the separator and the columns, then reads row after row."""

    def __init__(self, lines: Iterator[str]) -> None:
        first, self._before = next(lines, ""), 0
        self._separator = ""
        if announced := _SEPARATOR_LINE.fullmatch(first):
            self._separator = announced[1]
            if self._separator not in (*_SEPARATORS, "|"):
                raise BadCsv(
                    "line 1: this separator is not known; use a comma, a semicolon, a tab or |"
                )
            first, self._before = next(lines, ""), 1
        self._separator = self._separator or _separator_of(first)
        self._csv = csv.reader(_chained(first, lines), _Strict, delimiter=self._separator)
        self._combinations: dict[str, tuple[str, int]] = {}

    def rows(self) -> Iterator[Row]:
        """Raises `BadCsv`."""
        line, header = next(self._cells(), (1 + self._before, []))
        columns = _columns(line, header)
        for line, cells in self._cells():
            if any(cell.strip() for cell in cells):
                row = _row(line, _by_column(line, columns, cells), self._separator)
                self._compare_combination(row)
                yield row

    def _cells(self) -> Iterator[tuple[int, list[str]]]:
        while True:
            line = self._before + self._csv.line_num + 1
            try:
                yield line, next(self._csv)
            except StopIteration:
                return
            except csv.Error:
                raise BadCsv(
                    f"line {line}: this is not CSV: a quote is left open, text follows a closing"
                    " quote, or a cell is too long; a quote within quotes is written twice"
                ) from None

    def _compare_combination(self, row: Row) -> None:
        if row.combination:
            known, line = self._combinations.setdefault(row.variable, (row.combination, row.line))
            if known != row.combination:
                raise BadCsv(
                    f"line {row.line}: Combination Operation differs from line {line}, which is"
                    " of the same variable"
                )


def _chained(first: str, others: Iterator[str]) -> Iterator[str]:
    yield first
    yield from others


def _separator_of(header: str) -> str:
    for separator in _SEPARATORS:
        named = {_COLUMNS.get(_plain(name)) for name in header.split(separator)}
        if named.issuperset(_NEEDED):
            return separator
    return ","


def _plain(name: str) -> str:
    return re.sub(r'[\s_"]', "", name).lower()


def _columns(line: int, header: Sequence[str]) -> list[str]:
    names = [_plain(name) for name in header]
    columns = [_COLUMNS.get(name, name) for name in names]
    for needed, spelled in _NEEDED.items():
        if needed not in columns:
            raise BadCsv(
                f"line {line} must name the column {spelled!r}; separate columns by commas,"
                " semicolons or tabs"
            )
    if any(name and columns.count(name) > 1 for name in columns):
        raise BadCsv(f"line {line} names a column twice; remove or rename one of the two")
    return columns


def _by_column(line: int, columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    unnamed = any(not columns[at] and cell.strip() for at, cell in enumerate(cells[: len(columns)]))
    if unnamed or len(cells) > len(columns):
        raise BadCsv(
            f"line {line} has more cells than there are named columns; put text that contains the"
            " separator in quotes, and write decimals with a point"
        )
    return {columns[at]: unguarded(cell) for at, cell in enumerate(cells)}


# ----------------------------------------------------------------------------------------- the row


def _row(line: int, cells: Mapping[str, str], separator: str) -> Row:
    found = {name: cell.strip() or None for name, cell in cells.items()}
    for needed, spelled in _NEEDED.items():
        if not found.get(needed):
            raise BadCsv(f"line {line} has no {spelled}")
    combination = (found.get("combination") or "").upper() or None
    if combination not in (None, "MEAN", "SUM"):
        raise BadCsv(f"line {line}: Combination Operation is MEAN or SUM")
    stored, stored_unit = found.get("stored_value"), found.get("stored_unit")
    if (stored is None) != (stored_unit is None):
        raise BadCsv(
            f"line {line} has one of Stored Value and Stored Unit; both or none are needed"
        )
    return Row(
        line=line,
        variable=found["variable"] or "",
        value=value_of(line, "Value", found["value"] or "", separator),
        time=time_of(found["time"] or "", f"line {line}"),
        unit=found.get("unit"),
        source=found.get("source"),
        category=found.get("category"),
        combination=combination,
        stored_value=None if stored is None else value_of(line, "Stored Value", stored, separator),
        stored_unit=stored_unit,
        note=cells.get("note") or None,  # with surrounding spaces
    )


# ---------------------------------------------------------------------------------------- the sets


def groups_of(rows: Iterable[Row]) -> list[Group]:
    """The rows as sets, in the order of the file.

    A variable whose values were stored in other units is declared first, in its own unit.
    """
    groups: list[Group] = []
    places: dict[tuple[str | None, ...], int] = {}
    seen: set[str] = set()
    for row in rows:
        shared = (row.source, row.category, row.combination)
        if row.stored_unit and row.unit and row.variable not in seen:
            groups.append(Group(row.line, row.variable, row.unit, *shared, []))
        seen.add(row.variable)
        unit = row.stored_unit or row.unit
        key = (row.variable, unit, *shared)
        if places.setdefault(key, len(groups)) == len(groups):
            groups.append(Group(row.line, row.variable, unit, *shared, []))
        groups[places[key]].rows.append(row)
    return groups


def value_to_send(row: Row) -> float:
    """In the unit of its set."""
    return row.value if row.stored_value is None else row.stored_value


def check_stored(row: Row, units: Mapping[str, Sequence[tuple[str, float]] | None]) -> None:
    """Refuses a row whose Value was edited beside its Stored Value. `units` are the conversion
    steps of each unit to its category's own; None where it has none. Raises `BadCsv`."""
    own, stored = units.get(row.unit or ""), units.get(row.stored_unit or "")
    if row.stored_value is None or own is None or stored is None:
        return
    given, kept = _in_own_unit(row.value, own), _in_own_unit(row.stored_value, stored)
    if abs(given - kept) > 1e-6 * max(abs(given), abs(kept)) + 1e-9:
        raise BadCsv(
            f"line {row.line}: Value and Stored Value are not the same quantity; to change Value,"
            " empty Stored Value and Stored Unit"
        )


def _in_own_unit(value: float, steps: Sequence[tuple[str, float]]) -> float:
    for operation, operand in steps:
        value = value * operand if operation == "MULTIPLY" else value + operand
    return value
