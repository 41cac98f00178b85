"""Measurements as rows of a CSV file (RFC 4180), for the API and for people."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, Final

from quantimodo.measurements.csv_cells import guarded
from quantimodo.measurements.times import format_time
from quantimodo.measurements.views import MeasurementView

# Stored Value and Stored Unit are filled only where the stored unit is not that of Value.
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
    """The rows as CSV in UTF-8."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def csv_header(*, mark: bool = False) -> bytes:
    """The first line; with a byte order mark before it if requested."""
    return (BYTE_ORDER_MARK if mark else b"") + csv_text([CSV_COLUMNS])


def csv_row(view: MeasurementView) -> tuple[Any, ...]:
    """The row of a measurement or of a group; a group has no stored value."""
    measurement = view.measurement
    stored = not view.grouped and view.stored_unit.id != view.unit.id
    return (
        csv_cell(measurement.variable),
        _number(view.value),
        csv_cell(view.unit.abbreviated_name),
        format_time(view.start),
        csv_cell(view.source or ""),
        csv_cell(measurement.note),
        csv_cell(view.category),
        measurement.combination,
        _number(measurement.stored_value) if stored else "",
        csv_cell(view.stored_unit.abbreviated_name) if stored else "",
    )


def _number(value: float) -> str:
    return repr(value).removesuffix(".0")


csv_cell = guarded
