"""`quantimodo-client measurements`: list, add, import, export."""

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from recorded_server import ReceivedRequest, RecordedResponse, RecordedServer
from session_driver import ME, MEASUREMENTS, START, stored_token
from terminal_user import TerminalUser


def measured(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "variable": "Mood",
        "startTime": 1439389320,
        "value": 3.5,
        "unit": "/5",
        "note": "fine" if number == 1 else None,
    }


def test_a_list_is_for_people_or_for_scripts(
    signed_in: TerminalUser, recorded_server: RecordedServer
) -> None:
    recorded_server.on(MEASUREMENTS, RecordedResponse(body=[measured(1), measured(2)]))
    words = ("measurements", "list", "--variable", "Mo%", "--since", "2015-01-01T00:00Z")
    assert signed_in.run(*words) == 0
    first, second = signed_in.out.splitlines()
    assert first.endswith("Mood  3.5 /5  fine")
    assert second.endswith("Mood  3.5 /5")
    longer = {**measured(2), "variable": "Sleep Quality", "value": 12, "note": "well"}
    recorded_server.on(MEASUREMENTS, RecordedResponse(body=[measured(1), longer]))
    assert signed_in.run("measurements", "list") == 0
    first, second = signed_in.out.splitlines()
    assert first.endswith("  Mood           3.5 /5  fine")
    assert second.endswith("  Sleep Quality  12 /5   well")
    recorded_server.on(MEASUREMENTS, RecordedResponse(body=[measured(1), measured(2)]))
    assert signed_in.run(*words, "--json", "--limit", "1") == 0
    assert json.loads(signed_in.out) == [measured(1)]
    assert recorded_server.requests[0].query == {
        "variableName": "Mo%",
        "sort": "-startTime",
        "startTime": "2015-01-01T00:00:00+00:00",
        "limit": "20",
    }
    recorded_server.on(MEASUREMENTS, RecordedResponse(body=[]))
    assert signed_in.run("measurements", "list") == 0
    assert "no such measurements" in signed_in.err


def test_one_measurement_is_recorded(
    signed_in: TerminalUser, recorded_server: RecordedServer
) -> None:
    recorded_server.on(MEASUREMENTS, RecordedResponse(201, {"success": True}))
    assert signed_in.run("measurements", "add", "Mood", "-3.5", "--unit", "/5") == 0
    words = ("measurements", "add", "Mood", "4", "--at", "2026-11-23T12:00Z", "--note", "well")
    assert signed_in.run(*words, "--json") == 0
    first, second = (received.json[0] for received in recorded_server.requests)
    assert first == {
        "variableName": "Mood",
        "sourceName": "quantimodo-client",
        "abbreviatedUnitName": "/5",
        "measurements": [{"startTime": int(START), "value": -3.5}],
    }
    assert second["measurements"] == [
        {"startTime": "2026-11-23T12:00:00+00:00", "value": 4.0, "note": "well"}
    ]
    assert signed_in.run("measurements", "add", "Mood", "4", "--at", "soon") == 1
    for value in ("nan", "1_000", "1,5"):
        with pytest.raises(SystemExit, match="2"):
            signed_in.run("measurements", "add", "Mood", value)
    assert len(recorded_server.requests) == 2


SHEET = """\
variable,value,startTime,unit,source,note,colour
Mood,3,1439389320,/5,My App,"well, really",red
Sleep,7.5,2015-08-12T14:22:00Z,h,My App,,
Mood,4,2015-08-12 14:23:00,/5,My App,,blue

Mood,2,1439389500.5,/5,,,
"""


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "sheet.csv"
    path.write_text(SHEET, "utf-8-sig")
    return path


def test_a_sheet_is_recorded_in_batches(
    signed_in: TerminalUser, recorded_server: RecordedServer, sheet: Path
) -> None:
    recorded_server.on(MEASUREMENTS, RecordedResponse(201, {}))
    assert signed_in.run("measurements", "import", str(sheet)) == 0
    assert signed_in.out == "Imported 4 measurements.\n"
    assert signed_in.err == ""  # a bar is for terminals
    (sent,) = (received.json for received in recorded_server.requests)
    assert sent == [
        {
            "variableName": "Mood",
            "sourceName": "My App",
            "abbreviatedUnitName": "/5",
            "measurements": [
                {"startTime": 1439389320, "value": 3.0, "note": "well, really"},
                {"startTime": "2015-08-12T14:23:00+00:00", "value": 4.0},
            ],
        },
        {
            "variableName": "Sleep",
            "sourceName": "My App",
            "abbreviatedUnitName": "h",
            "measurements": [{"startTime": "2015-08-12T14:22:00+00:00", "value": 7.5}],
        },
        {
            "variableName": "Mood",
            "abbreviatedUnitName": "/5",
            "measurements": [{"startTime": 1439389500.5, "value": 2.0}],
        },
    ]
    recorded_server.requests.clear()
    words = ("measurements", "import", str(sheet), "--batch", "1", "--json")
    assert signed_in.run(*words, terminal=True) == 0
    assert len(recorded_server.requests) == 4
    assert json.loads(signed_in.out) == {"imported": 4}
    assert "100%  4 of 4 measurements" in signed_in.err


def test_a_refused_batch_names_the_line_to_continue_from(
    signed_in: TerminalUser, recorded_server: RecordedServer, sheet: Path
) -> None:
    body = {"message": "set 1, measurement 0: value is too high", "setIndex": 1}
    refusal = RecordedResponse(400, {**body, "measurementIndex": 0})
    recorded_server.on(MEASUREMENTS, RecordedResponse(201, {}), refusal)
    assert signed_in.run("measurements", "import", str(sheet), "--batch", "2") == 1
    assert signed_in.err == (
        "The batch of lines 4 to 6 was refused; the lines before it are imported.\n"
        "Line 6 was refused.\n"
        "Correct it, and continue with --from-line 4.\n"
        "quantimodo-client: value is too high (400)\n"
    )
    recorded_server.on(MEASUREMENTS, refusal)
    assert signed_in.run("measurements", "import", str(sheet), terminal=True) == 1
    _, bar, first, *_ = signed_in.err.splitlines()
    assert bar.endswith("0 of 4 measurements")
    assert first == "The batch of lines 2 to 6 was refused; nothing is imported."
    recorded_server.on(MEASUREMENTS, refusal)
    assert signed_in.run("measurements", "add", "Mood", "9") == 1
    assert signed_in.err == "quantimodo-client: value is too high (400)\n"
    recorded_server.requests.clear()
    recorded_server.on(MEASUREMENTS, RecordedResponse(201, {}))
    words = ("measurements", "import", str(sheet), "--from-line", "4")
    assert signed_in.run(*words) == 0
    assert signed_in.out == "Imported 2 measurements.\n"


def test_an_import_waits_on_request(
    signed_in: TerminalUser, recorded_server: RecordedServer, sheet: Path
) -> None:
    busy = RecordedResponse(429, headers={"Retry-After": "7"})
    recorded_server.on(MEASUREMENTS, busy, busy, RecordedResponse(201, {}))
    assert signed_in.run("measurements", "import", str(sheet)) == 0
    assert signed_in.waits == [7, 7]
    recorded_server.on(MEASUREMENTS, RecordedResponse(429, headers={"Retry-After": "86400"}))
    assert signed_in.run("measurements", "import", str(sheet)) == 1
    recorded_server.on(MEASUREMENTS, RecordedResponse(503, headers={"Retry-After": "1"}))
    recorded_server.requests.clear()
    assert signed_in.run("measurements", "import", str(sheet)) == 1
    assert len(recorded_server.requests) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1 must name the column 'Variable Name'"),
        ("variable,value,time\nMood,3,2026-11-23\nMood,,0\n", "line 3 has no Value"),
        ("variable,value,time\nMood,72,5,2026-11-23\n", "line 2 has more cells"),
        ("variable,value,time\nMood,3,45047\n", "line 2: this number may be a spreadsheet's"),
        ('variable,value,time\n"Mood\n', "line 2: this is not CSV"),
        ("variable,value,time\nM\0ood,3,2026-11-23\n", "UTF-8"),
    ],
)
def test_a_bad_sheet_is_refused_before_anything_is_sent(
    signed_in: TerminalUser,
    recorded_server: RecordedServer,
    tmp_path: Path,
    text: str,
    message: str,
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    assert signed_in.run("measurements", "import", str(path)) == 1
    assert message in signed_in.err
    assert not recorded_server.requests


def test_a_value_that_is_not_text_is_refused(
    signed_in: TerminalUser, recorded_server: RecordedServer, tmp_path: Path
) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(b"variable,value,time\nM\xff\xfeod,3,0\n")
    assert signed_in.run("measurements", "import", str(path)) == 1
    assert "line 2: this is not text in UTF-8" in signed_in.err
    assert signed_in.run("measurements", "import", str(tmp_path / "absent.csv")) == 1
    assert "No such file" in signed_in.err


def test_an_export_is_whole_or_not_there(
    signed_in: TerminalUser, recorded_server: RecordedServer, tmp_path: Path
) -> None:
    path = tmp_path / "mine.csv"
    text = b"variable,value\n" + b"Mood,3\n" * 50_000
    recorded_server.on(
        "/api/v2/measurements/csv", RecordedResponse(200, text, {"Content-Type": "text/csv"})
    )
    words = ("measurements", "export", str(path))
    assert signed_in.run(*words, "--variable", "Mood", terminal=True) == 0
    assert path.read_bytes() == text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert f"{len(text):,} bytes" in signed_in.err
    assert signed_in.out == f"Exported {len(text):,} bytes to {path}.\n"
    path.write_text("older")
    recorded_server.on(
        "/api/v2/measurements/csv", RecordedResponse(403, {"error": "insufficient_scope"})
    )
    assert signed_in.run(*words) == 1
    recorded_server.on("/api/v2/measurements/csv", RecordedResponse(200, b"variable", cut=True))
    assert signed_in.run(*words) == 1
    assert path.read_text() == "older"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["config", "mine.csv"]


def test_no_bar_is_drawn_across_what_the_terminal_shows(
    signed_in: TerminalUser,
    recorded_server: RecordedServer,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    recorded_server.on("/api/v2/measurements/csv", RecordedResponse(200, b"variable,value\n"))
    recorded_server.on(MEASUREMENTS, RecordedResponse(body=[], headers={"Total-Count": "0"}))
    for words, shown in (((), b"variable,value\n"), (("--json",), b"[]\n")):
        assert signed_in.run("measurements", "export", *words, terminal=True) == 0
        assert (capfdbinary.readouterr().out, signed_in.err) == (shown, "")


def test_an_export_may_begin_with_a_byte_order_mark_for_excel(
    signed_in: TerminalUser, recorded_server: RecordedServer, tmp_path: Path
) -> None:
    recorded_server.on("/api/v2/measurements/csv", RecordedResponse(200, b"variable,value\n"))
    path = tmp_path / "mine.csv"
    assert signed_in.run("measurements", "export", str(path), "--bom") == 0
    assert path.read_bytes() == b"\xef\xbb\xbfvariable,value\n"
    assert signed_in.run("measurements", "export", str(path), "--bom", "--json") == 1
    assert "--bom is for CSV" in signed_in.err


STORED = """\
variable,value,startTime,unit,combinationOperation,storedValue,storedUnit
Weight,68.0388555,2026-11-23T12:00:00Z,kg,SUM,150,lb
"""
UNITS = [
    {"name": "Kilograms", "abbreviatedName": "kg", "conversionSteps": []},
    {
        "name": "Pounds",
        "abbreviatedName": "lb",
        "conversionSteps": [{"operation": "MULTIPLY", "value": 0.45359237}],
    },
]


def test_stored_units_and_combinations_are_recorded_as_they_were(
    signed_in: TerminalUser, recorded_server: RecordedServer, tmp_path: Path
) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(STORED)
    recorded_server.on("/api/v1/units", RecordedResponse(body=UNITS))
    recorded_server.on(MEASUREMENTS, RecordedResponse(201, {}))
    assert signed_in.run("measurements", "import", str(path)) == 0, signed_in.err
    shared = {"variableName": "Weight", "combinationOperation": "SUM"}
    assert recorded_server.requests[-1].json == [
        {**shared, "abbreviatedUnitName": "kg", "measurements": []},
        {
            **shared,
            "abbreviatedUnitName": "lb",
            "measurements": [{"startTime": "2026-11-23T12:00:00+00:00", "value": 150.0}],
        },
    ]
    recorded_server.requests.clear()
    path.write_text(STORED.replace("68.0388555", "70"))
    assert signed_in.run("measurements", "import", str(path)) == 1
    assert "line 2: Value and Stored Value are not the same quantity" in signed_in.err
    assert [received.path for received in recorded_server.requests] == ["/api/v1/units"]


def test_an_export_may_be_json(
    signed_in: TerminalUser, recorded_server: RecordedServer, tmp_path: Path
) -> None:
    def page(received: ReceivedRequest) -> RecordedResponse:
        limit, offset = int(received.query["limit"]), int(received.query.get("offset", 0))
        items = [measured(number) for number in range(250)][offset : offset + limit]
        return RecordedResponse(body=items, headers={"Total-Count": "250"})

    recorded_server.on(MEASUREMENTS, page)
    path = tmp_path / "mine.json"
    assert signed_in.run("measurements", "export", str(path), "--json", terminal=True) == 0
    assert json.loads(path.read_text()) == [measured(number) for number in range(250)]
    assert "100%  250 of 250 measurements" in signed_in.err
    assert json.loads(signed_in.out) == {"exported": 250, "file": str(path)}
    recorded_server.on(MEASUREMENTS, RecordedResponse(body=[]))
    assert signed_in.run("measurements", "export", str(path), "--json") == 0
    assert json.loads(path.read_text()) == []


def test_a_client_that_stops_reading_is_not_a_fault(
    signed_in: TerminalUser, recorded_server: RecordedServer
) -> None:
    recorded_server.on(
        MEASUREMENTS, RecordedResponse(body=[measured(number) for number in range(200)])
    )
    account = {"server": recorded_server.address, "client_id": "some-client", "scope": "basic"}
    (signed_in.folder / "account.json").write_text(json.dumps(account))
    signed_in.store.save(stored_token(lifetime=10**9))
    command = [sys.executable, "-m", "swagger_client", "measurements", "list"]
    environment = {"QM_CLIENT_FOLDER": str(signed_in.folder), "PYTHONPATH": ":".join(sys.path)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 1


def test_a_response_without_what_was_promised_is_not_a_crash(
    signed_in: TerminalUser, recorded_server: RecordedServer
) -> None:
    recorded_server.on(MEASUREMENTS, RecordedResponse(body=[{"id": 1, "variable": "Mood"}]))
    assert signed_in.run("measurements", "list") == 1
    assert "unexpected response: the server's field startTime has been left out" in signed_in.err


def test_nothing_that_was_recorded_drives_the_terminal(
    signed_in: TerminalUser, recorded_server: RecordedServer
) -> None:
    note = "\x1b]0;gotcha\x07 \x9b2J \u202egnp.exe \ud800 and\n\n  more 👩‍💻"
    response = [{**measured(1), "note": note, "variable": "Mood\r\nof mine"}]
    recorded_server.on(MEASUREMENTS, RecordedResponse(body=response))
    assert signed_in.run("measurements", "list") == 0
    escaped = r"\u001b]0;gotcha\u0007 \u009b2J \u202egnp.exe \ud800 and more 👩‍💻"
    assert signed_in.out.endswith(f"Mood of mine  3.5 /5  {escaped}\n")
    assert len(signed_in.out.splitlines()) == 1
    assert signed_in.run("measurements", "list", "--json") == 0
    assert json.loads(signed_in.out) == response
    assert not set("\x1b\x07\x9b\u202e\ud800") & set(signed_in.out)
    recorded_server.on(ME, RecordedResponse(400, {"message": "\x1b[2J"}))
    assert signed_in.run("whoami") == 1
    assert signed_in.err == "quantimodo-client: \\u001b[2J (400)\n"
