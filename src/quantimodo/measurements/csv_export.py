"""Measurements as rows of a CSV file (RFC 4180), for the API and for people."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, Final

from quantimodo.measurements.csv_cells import guarded
from quantimodo.measurements.times import format_time
from quantimodo.measurements.views import MeasurementView

# The stored value comes in its own columns only where its unit is not that of Value.
CSV_COLUMNS: Final = (
    "Variable Name",
    "Value",
    "Unit",
    "Start Time",
    "Source",
    "Note",
    "Variable Category Name",
    "Combination Operation",
    "Stored Value",
    "Stored Unit",
)
BYTE_ORDER_MARK: Final = "\ufeff".encode()  # by which Excel knows that a file is in UTF-8


def csv_text(rows: Iterable[Sequence[Any]]) -> bytes:
    """In UTF-8."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def csv_header(*, mark: bool = False) -> bytes:
    """The first line; with a byte order mark before it if requested."""
    return (BYTE_ORDER_MARK if mark else b"") + csv_text([CSV_COLUMNS])


def csv_row(shown: MeasurementView) -> tuple[Any, ...]:
    """A measurement or a group of them; a group has no stored value."""
    one = shown.measurement
    stored = not shown.grouped and shown.stored_unit.id != shown.unit.id
    return (
        csv_cell(one.variable),
        _number(shown.value),
        csv_cell(shown.unit.abbreviated_name),
        format_time(shown.start),
        csv_cell(shown.source or ""),
        csv_cell(one.note),
        csv_cell(shown.category),
        one.combination,
        _number(one.stored_value) if stored else "",
        csv_cell(shown.stored_unit.abbreviated_name) if stored else "",
    )


def _number(value: float) -> str:
    return repr(value).removesuffix(".0")


csv_cell = guarded
