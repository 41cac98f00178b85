"""Measurements as rows of a CSV file (RFC 4180), for the API and for people."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, Final

from quantimodo.measurements.journal import Shown
from quantimodo.measurements.times import spelled

CSV_COLUMNS: Final = (
    "Variable Name",
    "Value",
    "Unit",
    "Start Time",
    "Source",
    "Note",
    "Variable Category Name",
)
# OWASP, CSV injection: what a spreadsheet takes for a formula begins so; some read the wide signs
# of East Asian keyboards alike.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def csv_text(rows: Iterable[Sequence[Any]]) -> bytes:
    """In UTF-8."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def csv_row(shown: Shown) -> tuple[Any, ...]:
    one = shown.measurement
    return (
        csv_cell(one.variable),
        repr(shown.value).removesuffix(".0"),
        csv_cell(shown.unit.abbreviated_name),
        spelled(shown.start),
        csv_cell(shown.source or ""),
        csv_cell(one.note),
        csv_cell(shown.category),
    )


def csv_cell(text: str) -> str:
    """A spreadsheet must not take what an app wrote for a formula: an apostrophe goes before it."""
    return f"'{text}" if is_formula(text) else text


def is_formula(text: str) -> bool:
    """With apostrophes before it or without, so that one too many can be told."""
    return text.lstrip("'").startswith(_FORMULA)
