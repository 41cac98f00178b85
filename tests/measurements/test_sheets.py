"""CSV: what is exported can be imported again, to the letter, and no spreadsheet takes it for a
formula."""

import csv
import io
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from quantimodo.measurements.errors import Refused
from quantimodo.measurements.sheets import read_sheet
from quantimodo.measurements.tables import CSV_COLUMNS, csv_cell, csv_text

texts = st.text(
    st.sampled_from("=+-@'\t\r\n\",;＝＠ aé0")
    | st.characters(codec="utf-8", exclude_characters="\0"),
    max_size=12,
)
_COMMON = ("=", "+", "-", "@", "\t", "\r", "\n")


@given(texts)
def test_no_cell_begins_as_a_formula_does(text: str) -> None:
    cell = csv_cell(text)
    assert not cell.startswith((*_COMMON, "＝", "＋", "－", "＠"))
    assert cell in (text, f"'{text}")


@given(st.lists(st.tuples(texts, texts, st.floats(-1e280, 1e280)), min_size=1, max_size=5))
def test_what_is_exported_is_imported_to_the_letter(rows: list[tuple[str, str, float]]) -> None:
    named = [(name.strip() or "x", note, value) for name, note, value in rows]
    lines = [
        (csv_cell(name), repr(value), "/5", "2026-11-01T10:00:00Z", "", csv_cell(note), "")
        for name, note, value in named
    ]
    content = csv_text([CSV_COLUMNS, *lines])
    assert list(csv.reader(io.StringIO(content.decode(), newline="")))[1:] == [
        list(line) for line in lines
    ]
    sheet = read_sheet(content)
    found = [
        (each.variable_name, one.note or "", one.value)
        for each in sheet.sets
        for one in each.entries
    ]
    assert sorted(found, key=repr) == sorted(named, key=repr)


@given(st.binary(max_size=200) | texts.map(str.encode))
def test_any_file_is_read_or_refused(content: bytes) -> None:
    for head in (b"", b"variable,value,timestamp\n"):
        with suppress(Refused):
            assert read_sheet(head + content).sets
