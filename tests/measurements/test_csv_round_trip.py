"""CSV: an export can be imported again exactly, and no cell is a formula for a spreadsheet."""

import csv
import io
from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantimodo.measurements.catalogue import catalogue_of
from quantimodo.measurements.csv_export import CSV_COLUMNS, csv_cell, csv_text
from quantimodo.measurements.csv_import import parse_csv
from quantimodo.measurements.errors import MeasurementError
from quantimodo.model.measurements import ConversionStep, Unit, UnitCategory

_WEIGHT = UnitCategory(1, "Weight")
_POUND = (ConversionStep("MULTIPLY", Fraction(45_359_237, 100_000_000)),)
CATALOGUE = catalogue_of(
    [
        Unit(id=1, name="Kilograms", abbreviated_name="kg", category=_WEIGHT),
        Unit(id=2, name="Pounds", abbreviated_name="lb", category=_WEIGHT, steps=_POUND),
    ],
    [_WEIGHT],
    [],
)

texts = st.text(
    st.sampled_from("=+-@'\t\r\n\",;＝＠ aé0")
    | st.characters(codec="utf-8", exclude_characters="\0"),
    max_size=12,
)
_COMMON = ("=", "+", "-", "@", "\t", "\r", "\n")


@given(texts)
def test_no_cell_begins_like_a_formula(text: str) -> None:
    cell = csv_cell(text)
    assert not cell.startswith((*_COMMON, "＝", "＋", "－", "＠"))
    assert cell in (text, f"'{text}")


@given(st.lists(st.tuples(texts, texts, st.floats(-1e280, 1e280)), min_size=1, max_size=5))
def test_an_export_is_imported_exactly(rows: list[tuple[str, str, float]]) -> None:
    named = [(name.strip() or "x", note, value) for name, note, value in rows]
    lines = [
        (csv_cell(name), repr(value), "/5", "2026-11-01T10:00:00Z", "", csv_cell(note), *[""] * 4)
        for name, note, value in named
    ]
    content = csv_text([CSV_COLUMNS, *lines])
    assert list(csv.reader(io.StringIO(content.decode(), newline="")))[1:] == [
        list(line) for line in lines
    ]
    sheet = parse_csv(content, CATALOGUE)
    found = [
        (each.variable_name, one.note or "", one.value)
        for each in sheet.sets
        for one in each.entries
    ]
    assert sorted(found, key=repr) == sorted(named, key=repr)


@given(st.binary(max_size=200) | texts.map(str.encode))
def test_any_file_is_read_or_refused(content: bytes) -> None:
    for head in (b"", b"variable,value,timestamp\n"):
        with suppress(MeasurementError):
            assert parse_csv(head + content, CATALOGUE).sets


def test_a_value_that_differs_from_its_stored_value_is_refused_with_its_line() -> None:
    head = b"variable,time,unit,value,stored value,stored unit\nWeight,2026-11-01,kg,"
    sheet = parse_csv(head + b"68.0388555,150,Pounds\n", CATALOGUE)
    assert [(each.abbreviated_unit_name, len(each.entries)) for each in sheet.sets] == [
        ("kg", 0),
        ("Pounds", 1),
    ]
    with pytest.raises(MeasurementError, match="line 2: Value and Stored Value"):
        parse_csv(head + b"70,150,lb\n", CATALOGUE)


def test_an_error_has_the_line_of_its_measurement() -> None:
    content = b"variable,time,value\nA,2026-11-01,1\nB,2026-11-01,2\nA,2026-11-02,3\n"
    sheet = parse_csv(content, CATALOGUE)
    found = [
        sheet.line(MeasurementError("x", set_index=0, measurement_index=1)),
        sheet.line(MeasurementError("x", set_index=1)),
        sheet.line(MeasurementError("x")),
    ]
    assert found == [4, 3, None]
