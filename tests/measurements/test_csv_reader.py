"""measurements-api.md §10: one reader for the page and for the Python client.

The reader exists twice, because the client is a separate distribution. The copies are equal, and
the same rows test both.
"""

import io
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantimodo.measurements import csv_cells, csv_reader

ROOT = Path(__file__).parents[2]
SERVER = "src/quantimodo/measurements"
CLIENT = "clients/python/src/swagger_client/command"
COPIES = ("csv_cells.py", "csv_reader.py")

both = pytest.mark.parametrize("package", ["quantimodo.measurements", "swagger_client.command"])

AT = "2023-05-01T07:00:00+00:00"
WEIGHT = ("Weight", 72.5, AT, "kg", None)


def read(content: bytes, package: str = "quantimodo.measurements") -> list[Any]:
    reader = import_module(f"{package}.csv_reader")
    return list(reader.read_rows(io.BytesIO(content)))


def refusal(content: bytes, package: str) -> str:
    bad = import_module(f"{package}.csv_cells").BadCsv
    with pytest.raises(bad) as caught:
        read(content, package)
    return str(caught.value)


@pytest.mark.parametrize("name", COPIES)
def test_the_two_copies_are_equal(name: str) -> None:
    assert (ROOT / SERVER / name).read_bytes() == (ROOT / CLIENT / name).read_bytes()


HEAD = "Variable Name,Unit,Start Time,Value,Note\r\n"


@both
@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        # cells beyond the header: a decimal comma, a comma in a note
        ("Variable,Unit,Time,Value\nWeight,kg,2023-05-01T07:00:00Z,72,5\n", 2, "more cells"),
        (HEAD + "Mood,/5,2023-05-01,3,slept badly, woke at 3\n", 2, "more cells"),
        (HEAD + "Mood,/5,2023-05-01,3,good,\n", 2, "more cells"),
        ("Variable,Unit,Time,Value,\nWeight,kg,2023-05-01,72,5\n", 2, "more cells"),
        # quotes
        (HEAD + 'Mood,/5,2023-05-01,3,"good\nMood,/5,2023-05-02,3,\n', 2, "quote"),
        (HEAD + 'A,/5,2023-05-01,3,"one\ntwo"\nMood,/5,2023-05-01,3,"good', 4, "quote"),
        (HEAD + 'Mood,/5,2023-05-01,3,"5\' 3" tall"\n', 2, "quote"),
        (HEAD + 'Mood,/5,2023-05-01,3,"good" \n', 2, "quote"),
        (HEAD + f"Mood,/5,2023-05-01,3,{'x' * 140_000}\n", 2, "too long"),
        ('"Variable', 1, "quote"),
        # columns
        ("", 1, "'Variable Name'"),
        ("variable,value\n", 1, "'Start Time'"),
        ("a,b\n1,2\n", 1, "commas, semicolons or tabs"),
        ("variable|value|time\n", 1, "commas, semicolons or tabs"),
        ("variable,name,value,time\n", 1, "twice"),
        ("variable,value,Value,time\n", 1, "twice"),
        ("variable,value,time,note,note\n", 1, "twice"),
        ("variable,value,time,colour,Colour\n", 1, "twice"),
        ("sep=:\nvariable:value:time\n", 1, "separator"),
        ("sep=\nvariable,value,time\n", 1, "separator"),
        ("sep=;\nvariable;value\n", 2, "'Start Time'"),
        # values
        *(
            (HEAD + f"Weight,kg,2023-05-01,{value},\n", 2, "not a number")
            for value in (
                "1_000", "nan", "inf", "-Infinity", "1e999", "0x10", "٣", "７２", "72 kg", '"72,5"',
                '"1,000"', "1 000", "--1", "1e", ".", "e5", "1.2.3", "''1",
            )
        ),
        (HEAD + "Weight,kg,2023-05-01,,\n", 2, "no Value"),
        (HEAD + " ,kg,2023-05-01,3,\n", 2, "no Variable Name"),
        (HEAD + "Weight,kg\n", 2, "no Value"),
        ("variable;value;time\nWeight;1.234;2023-05-01\n", 2, "two ways"),
        ("variable;value;time\nWeight;1.234,5;2023-05-01\n", 2, "not a number"),
        ("variable\tvalue\ttime\nWeight\t1,234\t2023-05-01\n", 2, "two ways"),
        ("variable\tvalue\ttime\nWeight\t1,234,567\t2023-05-01\n", 2, "two ways"),
        # times
        *(
            (HEAD + f"Weight,kg,{at},72.5,\n", 2, words)
            for at, words in (
                ("45047", "spreadsheet"), ("45047.5", "spreadsheet"), ("20230501", "spreadsheet"),
                ("0", "spreadsheet"), ("1682924400000", "a time is"),
                ("168292440000", "spreadsheet"), ("1_682_924_400", "a time is"),
                ("1.6829244E9", "a time is"), ("5/1/2023 7:00", "a time is"),
                ("01.05.2023", "a time is"), ("2023-13-01", "a time is"),
                ("2023-02-29", "a time is"), ("2023-05-01T24:00", "a time is"),
                ("2023-05-01T07:00:60Z", "a time is"), ("2023-05-01T07:00+24:00", "a time is"),
                ("2023-05-01T07:00+01:99", "a time is"), ("2023-0501", "a time is"),
                ("٢٠٢٣-05-01", "a time is"), ("nan", "a time is"), ("soon", "a time is"),
            )
        ),
        (HEAD + "Weight,kg, ,72.5,\n", 2, "no Start Time"),
        # the other columns of an export
        ("variable,value,time,Combination Operation\nA,1,2023-05-01,MAX\n", 2, "MEAN or SUM"),
        (
            "variable,value,time,Combination Operation\n"
            "A,1,2023-05-01,MEAN\nB,1,2023-05-01,SUM\nA,1,2023-05-01,SUM\n",
            4,
            "differs from line 2",
        ),
        ("variable,value,time,Stored Value,Stored Unit\nA,1,2023-05-01,1,\n", 2, "both or none"),
        ("variable,value,time,Stored Value,Stored Unit\nA,1,2023-05-01,,lb\n", 2, "both or none"),
        # bytes
        (HEAD + "Mood,/5,2023-05-01,3,a\0b\n", 2, "UTF-8"),
    ],
)  # fmt: skip
def test_10_input_that_would_be_changed_is_refused_with_its_line(
    package: str, text: str, line: int, words: str
) -> None:
    for content in (text.encode(), b"\xef\xbb\xbf" + text.encode()):
        message = refusal(content, package)
        assert message.startswith(f"line {line}")
        assert words in message


@both
def test_10_bytes_that_are_not_utf_8_are_refused_with_their_line(package: str) -> None:
    for content in (b"Variable Name\xff", HEAD.encode("utf-16"), HEAD.encode() + b"\xe9\n"):
        message = refusal(content, package)
        assert "UTF-8" in message
        assert message.startswith("line 2" if content.startswith(b"Variable Name,") else "line 1")


@both
@pytest.mark.parametrize(
    "text",
    [
        "Variable Name,Value,Start Time,Unit\nWeight,72.5,2023-05-01T07:00:00Z,kg\n",
        "variableName,value,timestamp,abbreviatedUnitName\r\nWeight,72.5,1682924400,kg\r\n",
        "variable,value,time,unit\rWeight,+72.50,2023-05-01 07:00,kg\r",
        '"VARIABLE_NAME","value","start time","unit"\n"Weight","7.25e1","20230501T070000Z","kg"',
        "variable;value;time;unit\nWeight;72,5;2023-05-01T07:00:00+00:00;kg\n",
        "variable;value;time;unit\nWeight;72.5;2023-05-01T09:00:00+02:00;kg\n",
        "variable\tvalue\ttime\tunit\nWeight\t72,5\t2023-05-01T07:00Z\tkg\n",
        "sep=;\nvariable;value;time;unit\nWeight;72,5;2023-05-01T07:00:00z;kg\n",
        "sep=\t\r\nvariable\tvalue\ttime\tunit\r\nWeight\t72.5\t2023-05-01t07:00:00,0Z\tkg\r\n",
        '"sep=|"\nvariable|value|time|unit\nWeight|72.5|2023-05-01T07:00:00.000Z|kg\n',
        "colour,variable,value,time,unit\n\n,,,,\nred, Weight ,72.5,2023-05-01T07:00:00Z, kg \n",
        "variable,value,time,unit,note,\nWeight,72.5,2023-05-01T07:00:00Z,kg\n",
    ],
)
def test_10_files_of_spreadsheets_and_programs_are_read(package: str, text: str) -> None:
    for content in (text.encode(), b"\xef\xbb\xbf" + text.encode()):
        (row,) = read(content, package)
        at = AT if row.time == 1_682_924_400 else row.time.replace("09:00:00+02", "07:00:00+00")
        assert (row.variable, row.value, at, row.unit, row.note) == WEIGHT


@both
def test_10_the_line_of_a_row_is_its_first_line(package: str) -> None:
    text = 'sep=,\nvariable,value,time,note\nA,1,2023-05-01,"one\r\ntwo\n"\n\nB,2,2023-05-02,\n'
    assert [row.line for row in read(text.encode(), package)] == [3, 7]


@both
@pytest.mark.parametrize(
    "note",
    [
        "'", "''", "'quoted'", "=1+1", "'=1+1", "''=1+1", "+", "-5", "@home", "\tindented", "\r",
        "\n", "\nbelow", "one\r\ntwo\n", "＝",
        "＋1", "－", "＠x", "'＝", " =1", " well ", '"', '""',
        'he said "no"', "a,b;c\td", "'\n", "\u2028", "é",
    ],
)  # fmt: skip
def test_10_the_formula_escape_of_a_cell_is_undone(package: str, note: str) -> None:
    cells = import_module(f"{package}.csv_cells")
    guarded = cells.guarded(note)
    assert not guarded.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
    assert cells.unguarded(guarded) == note
    quoted = guarded.replace('"', '""')
    (row,) = read(f'{HEAD}A,/5,2023-05-01,3,"{quoted}"\r\n'.encode(), package)
    assert row.note == note


@given(st.text(st.sampled_from("=+-@'\t\r\n＝＋－＠ a\"")))
def test_the_formula_escape_is_undone_exactly(text: str) -> None:
    assert csv_cells.unguarded(csv_cells.guarded(text)) == text


@both
def test_10_a_variable_with_several_units_gets_an_empty_set_first(package: str) -> None:
    text = (
        "variable,value,unit,time,combinationOperation,storedValue,storedUnit\n"
        "Weight,68.0388555,kg,2023-05-01,SUM,150,lb\n"
        "Weight,70,kg,2023-05-02,SUM,,\n"
        "Mood,3,/5,2023-05-02,,,\n"
        "Weight,68.0388555,kg,2023-05-03,SUM,150,lb\n"
    )
    reader = import_module(f"{package}.csv_reader")
    groups = reader.groups_of(read(text.encode(), package))
    assert [
        (
            each.variable,
            each.unit,
            each.combination,
            [reader.value_to_send(row) for row in each.rows],
        )
        for each in groups
    ] == [
        ("Weight", "kg", "SUM", []),
        ("Weight", "lb", "SUM", [150, 150]),
        ("Weight", "kg", "SUM", [70]),
        ("Mood", "/5", None, [3]),
    ]
    assert [groups[0].line_of(None), groups[1].line_of(1), groups[2].line_of(7)] == [2, 5, 3]


@both
def test_10_a_value_that_differs_from_its_stored_value_is_refused(package: str) -> None:
    reader, cells = (import_module(f"{package}.{name}") for name in ("csv_reader", "csv_cells"))
    units = {"kg": [], "lb": [("MULTIPLY", 0.45359237)], "°F": [("ADD", -32), ("MULTIPLY", 5 / 9)],
             "°C": [], "/5": None}  # fmt: skip
    head = "variable,time,value,unit,storedValue,storedUnit\nA,2023-05-01,"
    for cell in ("68.0388555,kg,150,lb", "68.03886,kg,150,lb", "0,°C,32,°F", "3,/5,7,lb", "7,kg,,"):
        (row,) = read(f"{head}{cell}\n".encode(), package)
        reader.check_stored(row, units)
    for cell in ("69,kg,150,lb", "0.1,°C,32,°F", "68.04,kg,150,lb", "-68.0388555,kg,150,lb"):
        (row,) = read(f"{head}{cell}\n".encode(), package)
        with pytest.raises(cells.BadCsv, match="line 2: Value and Stored Value"):
            reader.check_stored(row, units)


@both
def test_a_file_of_any_size_is_read_row_by_row(package: str) -> None:
    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            line = b"A,1,2023-05-01\n" if self.begun else b"variable,value,time\n"
            self.begun = True
            buffer[: len(line)] = line
            return len(line)

        begun = False

    reader = import_module(f"{package}.csv_reader")
    rows = reader.read_rows(Endless())
    assert [next(rows).line for _ in range(1000)] == list(range(2, 1002))
    rows.close()


@given(st.binary(max_size=300) | st.text("\"';,\t\r\n=1a", max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for head in (b"", b"variable,value,time\n", b"sep=;\nvariable;value;time\n"):
        try:
            for row in csv_reader.read_rows(io.BytesIO(head + content)):
                assert row.variable
        except csv_cells.BadCsv as bad:
            message = str(bad)
        else:
            message = "line "
        assert message.startswith("line ")
