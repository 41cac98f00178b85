"""`quantimodo-client`: sign in by the browser, read, record, import, export, sign out."""

import asyncio
import json
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from driven import ME, MEASUREMENTS, REVOKE_PATH, START, TOKEN_PATH, held, tokens
from recorded import Answer, Recorded, Seen
from terminals import Person

from live import Live

PERSON = {"id": 42, "displayName": "Ann Example", "email": "ann@example.org"}
METADATA = "/.well-known/oauth-authorization-server"
DEVICE = "/api/v2/oauth2/device_authorization"


@pytest.fixture
def signed_in(person: Person, recorded: Recorded) -> Person:
    account = {"server": recorded.address, "client_id": "some-client", "scope": "basic"}
    person.folder.mkdir(parents=True)
    (person.folder / "account.json").write_text(json.dumps(account))
    person.store.save(held())
    return person


def browse(*brought: dict[str, str], server: str) -> Callable[[str], bool]:
    """A browser that comes back with these parameters, one request after another."""

    def open_browser(url: str) -> bool:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}

        def visit() -> None:
            for parameters in brought:
                query = urlencode({"state": asked["state"], "iss": server, **parameters})
                with suppress(httpx.HTTPError):  # nobody listens any more after the right one
                    httpx.get(f"{asked['redirect_uri']}?{query}", trust_env=False)

        threading.Thread(target=visit).start()
        return True

    return open_browser


def test_sign_in_by_the_browser(person: Person, recorded: Recorded) -> None:
    recorded.on(TOKEN_PATH, Answer(body=tokens()))
    recorded.on(ME, Answer(body=PERSON))
    person.browser = browse({"code": "qmc_fake"}, server=recorded.address)
    assert person.types("login", "--server", recorded.address, "--client-id", "some-client") == 0
    assert person.out == f"Signed in as Ann Example <ann@example.org> at {recorded.address}\n"
    assert "/api/v2/oauth/authorize?" in person.err
    sent = recorded.asked(TOKEN_PATH)[0].form
    assert sent["redirect_uri"].startswith("http://127.0.0.1:")
    assert sent["code_verifier"] not in person.err
    assert person.store.load() == held()
    assert stat.S_IMODE((person.folder / "tokens.json").stat().st_mode) == 0o600
    assert "qm" not in (person.folder / "account.json").read_text().replace("quantimodo", "")


def test_a_stranger_cannot_end_the_sign_in(person: Person, recorded: Recorded) -> None:
    recorded.on(TOKEN_PATH, Answer(body=tokens()))
    recorded.on(ME, Answer(body=PERSON))
    person.browser = browse(
        {"state": "another", "code": "evil"},
        {"state": "another", "error": "access_denied"},
        {"iss": "https://evil.example", "code": "evil"},
        {"code": "qmc_fake"},
        {"code": "too-late"},
        server=recorded.address,
    )
    assert person.types("login", "--server", recorded.address, "--client-id", "c") == 0
    assert [seen.form["code"] for seen in recorded.asked(TOKEN_PATH)] == ["qmc_fake"]


def test_whoever_signs_in_anew_is_signed_out_before(signed_in: Person, recorded: Recorded) -> None:
    recorded.on(REVOKE_PATH, Answer(503))  # it is not the new sign-in's fault
    recorded.on(TOKEN_PATH, Answer(400, {"error": "invalid_grant"}), Answer(body=tokens(2)))
    recorded.on(ME, Answer(body=PERSON))
    signed_in.browser = browse({"code": "qmc_fake"}, server=recorded.address)
    words = ("login", "--server", recorded.address, "--client-id", "another")
    assert signed_in.types(*words) == 1
    assert signed_in.store.load() == held()
    assert recorded.asked(REVOKE_PATH) == []
    assert signed_in.types(*words) == 0
    assert signed_in.store.load() == held(2)
    (ended,) = recorded.asked(REVOKE_PATH)
    assert ended.form == {"token": "qmr_fake-refresh-1", "client_id": "some-client"}
    assert json.loads((signed_in.folder / "account.json").read_text())["client_id"] == "another"


def test_a_sign_in_need_not_tell_the_name(person: Person, recorded: Recorded) -> None:
    recorded.on(TOKEN_PATH, Answer(body=tokens()))
    recorded.on(ME, Answer(403, {"error": "insufficient_scope"}))
    person.browser = browse({"code": "qmc_fake"}, server=recorded.address)
    words = ("login", "--server", recorded.address, "--client-id", "c")
    assert person.types(*words, "--scope", "readmeasurements") == 0
    assert person.out == f"Signed in at {recorded.address}\n"


def test_server_and_application_may_stand_in_the_environment(
    person: Person, recorded: Recorded, tmp_path: Path
) -> None:
    recorded.on(TOKEN_PATH, Answer(body=tokens()))
    recorded.on(ME, Answer(body=PERSON))
    person.browser = browse({"code": "qmc_fake"}, server=recorded.address)
    person.environment = {"QM_SERVER": f"{recorded.address}/api/", "QM_CLIENT_ID": "of-the-shell"}
    assert person.types("login") == 0
    assert recorded.asked(TOKEN_PATH)[0].form["client_id"] == "of-the-shell"
    elsewhere = Person(tmp_path / "elsewhere")
    elsewhere.environment = {"XDG_CONFIG_HOME": str(tmp_path / "xdg"), "QM_CLIENT_FOLDER": ""}
    assert elsewhere.types("whoami") == 3
    (tmp_path / "xdg").mkdir()
    person.folder.rename(tmp_path / "xdg" / "quantimodo-client")
    assert elsewhere.types("whoami") == 0


def test_without_a_keyring_nobody_is_asked_to_sign_in(
    person: Person, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    words = ("login", "--server", recorded.address, "--client-id", "c", "--keyring")
    assert person.types(*words) == 1
    assert person.err.startswith("quantimodo-client: KeyringStore needs: pip install")


def test_whoever_says_no_is_heard(person: Person, recorded: Recorded) -> None:
    person.browser = browse({"error": "access_denied"}, server=recorded.address)
    assert person.types("login", "--server", recorded.address, "--client-id", "c") == 1
    assert person.err.endswith("quantimodo-client: access_denied\n")
    assert person.types("whoami") == 3


def test_nobody_waits_for_ever(person: Person, recorded: Recorded) -> None:
    words = ("login", "--server", recorded.address, "--client-id", "c", "--wait", "0.01")
    assert person.types(*words, "--no-browser") == 1
    assert "Sign in with your browser" in person.err
    assert "in time" in person.err


@pytest.mark.parametrize(
    ("server", "words"), [("http://id.example.org", "https only"), ("nonsense", "an address")]
)
def test_tokens_go_nowhere_that_others_can_read(person: Person, server: str, words: str) -> None:
    assert person.types("login", "--server", server, "--client-id", "c") == 1
    assert words in person.err


def test_sign_in_by_another_device(person: Person, recorded: Recorded) -> None:
    recorded.on(METADATA, Answer(body={"device_authorization_endpoint": recorded.address + DEVICE}))
    code = {
        "device_code": "fake-device-code",
        "user_code": "ABCD-EFGH",
        "verification_uri": "https://id.example.org/device",
        "expires_in": 60,
        "interval": 5,
    }
    recorded.on(DEVICE, Answer(body=code))
    recorded.on(
        TOKEN_PATH,
        Answer(400, {"error": "authorization_pending"}),
        Answer(400, {"error": "slow_down"}),
        Answer(drop=True),
        Answer(body=tokens()),
    )
    recorded.on(ME, Answer(body=PERSON))
    words = ("login", "--server", recorded.address, "--client-id", "some-client", "--device")
    assert person.types(*words, "--json") == 0
    assert json.loads(person.out) == {**PERSON, "server": recorded.address}
    assert "https://id.example.org/device" in person.err
    assert "ABCD-EFGH" in person.err
    assert "fake-device-code" not in person.err
    assert person.waits == [5, 5, 10, 20]
    assert recorded.asked(DEVICE)[0].form["client_id"] == "some-client"
    assert recorded.asked(TOKEN_PATH)[0].form == {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": "fake-device-code",
        "client_id": "some-client",
    }
    for error in ("authorization_pending", "expired_token"):
        recorded.on(TOKEN_PATH, Answer(400, {"error": error}))
        assert person.types(*words) == 3
        assert "Nobody agreed in time" in person.err
    recorded.on(TOKEN_PATH, Answer(400, {"error": "access_denied"}))
    assert person.types(*words) == 1
    for metadata in ({}, {"device_authorization_endpoint": f"https://evil.example{DEVICE}"}):
        recorded.on(METADATA, Answer(body=metadata))
        assert person.types(*words) == 1
        assert "does not offer" in person.err


def test_signing_out_ends_the_tokens(signed_in: Person, recorded: Recorded) -> None:
    recorded.on(REVOKE_PATH, Answer())
    assert signed_in.types("logout") == 0
    assert recorded.seen[0].form["token"] == "qmr_fake-refresh-1"
    assert list(signed_in.folder.iterdir()) == []
    assert signed_in.types("logout") == 3
    assert "quantimodo-client login" in signed_in.err


def test_without_a_sign_in_nothing_is_asked(person: Person, recorded: Recorded) -> None:
    for words in (["whoami"], ["measurements", "list"], ["measurements", "add", "Mood", "3"]):
        assert person.types(*words, "--json") == 3
        assert "login" in json.loads(person.err)["error"]["message"]
    assert not recorded.seen


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nonsense"],
        ["measurements"],
        ["login"],
        ["measurements", "list", "--limit", "0"],
        ["measurements", "import", "sheet.csv", "--batch", "many"],
        ["measurements", "add", "Mood", "high"],
    ],
)
def test_what_is_asked_wrongly_is_explained(person: Person, words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        person.types(*words)
    assert ended.value.code == 2


def test_the_help_tells_the_exit_status(person: Person, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        person.types("--help")
    assert ended.value.code == 0
    told = capsys.readouterr().out
    for line in ("0    done", "1    the server refused", "2    asked wrongly", "3    somebody"):
        assert line in told


def test_whoever_stops_reading_is_no_fault(signed_in: Person, recorded: Recorded) -> None:
    recorded.on(MEASUREMENTS, Answer(body=[measured(number) for number in range(200)]))
    account = {"server": recorded.address, "client_id": "some-client", "scope": "basic"}
    (signed_in.folder / "account.json").write_text(json.dumps(account))
    signed_in.store.save(held(lifetime=10**9))
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


def test_a_refusal_is_told_in_the_servers_words(signed_in: Person, recorded: Recorded) -> None:
    recorded.on(
        ME, Answer(403, {"error": "insufficient_scope", "error_description": "It needs basic."})
    )
    assert signed_in.types("whoami") == 1
    assert signed_in.err == "quantimodo-client: It needs basic. (403)\n"
    assert signed_in.types("--json", "whoami") == 1
    assert json.loads(signed_in.err) == {
        "error": {"code": "insufficient_scope", "message": "It needs basic. (403)"}
    }
    recorded.on(ME, Answer(500, b"<p>"))
    assert signed_in.types("whoami") == 1
    assert signed_in.err == "quantimodo-client: Internal Server Error (500)\n"


# -------------------------------------------------------------------- measurements


def measured(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "variable": "Mood",
        "startTime": 1439389320,
        "value": 3.5,
        "unit": "/5",
        "note": "fine" if number == 1 else None,
    }


def test_a_list_is_for_people_or_for_scripts(signed_in: Person, recorded: Recorded) -> None:
    recorded.on(MEASUREMENTS, Answer(body=[measured(1), measured(2)]))
    words = ("measurements", "list", "--variable", "Mo%", "--since", "2015-01-01T00:00Z")
    assert signed_in.types(*words) == 0
    first, second = signed_in.out.splitlines()
    assert first.endswith("Mood  3.5 /5  fine")
    assert second.endswith("Mood  3.5 /5")
    assert signed_in.types(*words, "--json", "--limit", "1") == 0
    assert json.loads(signed_in.out) == [measured(1)]
    assert recorded.seen[0].query == {
        "variableName": "Mo%",
        "sort": "-startTime",
        "startTime": "2015-01-01T00:00:00+00:00",
        "limit": "20",
    }
    recorded.on(MEASUREMENTS, Answer(body=[]))
    assert signed_in.types("measurements", "list") == 0
    assert "no such measurements" in signed_in.err


def test_one_measurement_is_recorded(signed_in: Person, recorded: Recorded) -> None:
    recorded.on(MEASUREMENTS, Answer(201, {"success": True}))
    assert signed_in.types("measurements", "add", "Mood", "-3.5", "--unit", "/5") == 0
    words = ("measurements", "add", "Mood", "4", "--at", "2026-11-23T12:00Z", "--note", "well")
    assert signed_in.types(*words, "--json") == 0
    first, second = (seen.json[0] for seen in recorded.seen)
    assert first == {
        "variableName": "Mood",
        "sourceName": "quantimodo-client",
        "abbreviatedUnitName": "/5",
        "measurements": [{"startTime": int(START), "value": -3.5}],
    }
    assert second["measurements"] == [
        {"startTime": "2026-11-23T12:00:00+00:00", "value": 4.0, "note": "well"}
    ]
    assert signed_in.types("measurements", "add", "Mood", "4", "--at", "soon") == 1
    assert signed_in.types("measurements", "add", "Mood", "nan") == 1
    assert len(recorded.seen) == 2


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


def test_a_sheet_is_recorded_in_batches(signed_in: Person, recorded: Recorded, sheet: Path) -> None:
    recorded.on(MEASUREMENTS, Answer(201, {}))
    assert signed_in.types("measurements", "import", str(sheet)) == 0
    assert signed_in.out == "Imported 4 measurements.\n"
    assert signed_in.err == ""  # a bar is for terminals
    (sent,) = (seen.json for seen in recorded.seen)
    assert sent == [
        {
            "variableName": "Mood",
            "abbreviatedUnitName": "/5",
            "measurements": [{"startTime": 1439389500.5, "value": 2.0}],
        },
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
    ]
    recorded.seen.clear()
    words = ("measurements", "import", str(sheet), "--batch", "1", "--json")
    assert signed_in.types(*words, terminal=True) == 0
    assert len(recorded.seen) == 4
    assert json.loads(signed_in.out) == {"imported": 4}
    assert "100%  4 of 4 measurements" in signed_in.err


def test_a_batch_that_is_refused_tells_where_to_go_on(
    signed_in: Person, recorded: Recorded, sheet: Path
) -> None:
    body = {"message": "set 1, measurement 0: value is too high", "setIndex": 1}
    refusal = Answer(400, {**body, "measurementIndex": 0})
    recorded.on(MEASUREMENTS, Answer(201, {}), refusal)
    assert signed_in.types("measurements", "import", str(sheet), "--batch", "2") == 1
    assert "lines 4 to 6" in signed_in.err
    assert "It is line 4 that was refused" in signed_in.err
    assert "value is too high (400)" in signed_in.err
    recorded.seen.clear()
    recorded.on(MEASUREMENTS, Answer(201, {}))
    words = ("measurements", "import", str(sheet), "--from-line", "4")
    assert signed_in.types(*words) == 0
    assert signed_in.out == "Imported 2 measurements.\n"


def test_an_import_waits_when_it_is_told_to(
    signed_in: Person, recorded: Recorded, sheet: Path
) -> None:
    busy = Answer(429, headers={"Retry-After": "7"})
    recorded.on(MEASUREMENTS, busy, busy, Answer(201, {}))
    assert signed_in.types("measurements", "import", str(sheet)) == 0
    assert signed_in.waits == [7, 7]
    recorded.on(MEASUREMENTS, Answer(429, headers={"Retry-After": "86400"}))
    assert signed_in.types("measurements", "import", str(sheet)) == 1
    recorded.on(MEASUREMENTS, Answer(503, headers={"Retry-After": "1"}))
    recorded.seen.clear()
    assert signed_in.types("measurements", "import", str(sheet)) == 1
    assert len(recorded.seen) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1 must name the column `variable`"),
        ("variable,value\n", "line 1 must name the column `time`"),
        ("variable,name,value,time\n", "line 1 must name the column `variable` once"),
        ("variable,value,time\nMood,3,0\nMood,,0\n", "line 3 has no value"),
        ("variable,value,time\nMood,many,0\n", "line 2: the value is no number"),
        ("variable,value,time\nMood,inf,0\n", "line 2: the value is no number"),
        ("variable,value,time\nMood,3,soon\n", "line 2: a time is"),
        ("variable,value,time\nMood,3,nan\n", "line 2: a time is"),
        ('variable,value,time\n"Mood\n', "line 2 has no value"),
    ],
)
def test_a_bad_sheet_is_refused_before_anything_is_sent(
    signed_in: Person, recorded: Recorded, tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    assert signed_in.types("measurements", "import", str(path)) == 1
    assert said in signed_in.err
    assert not recorded.seen


def test_what_is_no_text_is_refused_too(
    signed_in: Person, recorded: Recorded, tmp_path: Path
) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(b"variable,value,time\nM\xff\xfeod,3,0\n")
    assert signed_in.types("measurements", "import", str(path)) == 1
    assert "no CSV text in UTF-8" in signed_in.err
    assert signed_in.types("measurements", "import", str(tmp_path / "absent.csv")) == 1
    assert "No such file" in signed_in.err


def test_an_export_is_whole_or_not_there(
    signed_in: Person, recorded: Recorded, tmp_path: Path
) -> None:
    path = tmp_path / "mine.csv"
    text = b"variable,value\n" + b"Mood,3\n" * 50_000
    recorded.on("/api/v2/measurements/csv", Answer(200, text, {"Content-Type": "text/csv"}))
    words = ("measurements", "export", str(path))
    assert signed_in.types(*words, "--variable", "Mood", terminal=True) == 0
    assert path.read_bytes() == text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert f"{len(text):,} bytes" in signed_in.err
    path.write_text("older")
    recorded.on("/api/v2/measurements/csv", Answer(403, {"error": "insufficient_scope"}))
    assert signed_in.types(*words) == 1
    recorded.on("/api/v2/measurements/csv", Answer(200, b"variable", cut=True))
    assert signed_in.types(*words) == 1
    assert path.read_text() == "older"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["config", "mine.csv"]


def test_an_export_may_be_json(signed_in: Person, recorded: Recorded, tmp_path: Path) -> None:
    def page(seen: Seen) -> Answer:
        limit, offset = int(seen.query["limit"]), int(seen.query.get("offset", 0))
        items = [measured(number) for number in range(250)][offset : offset + limit]
        return Answer(body=items, headers={"Total-Count": "250"})

    recorded.on(MEASUREMENTS, page)
    path = tmp_path / "mine.json"
    assert signed_in.types("measurements", "export", str(path), "--json", terminal=True) == 0
    assert json.loads(path.read_text()) == [measured(number) for number in range(250)]
    assert "100%  250 of 250 measurements" in signed_in.err
    recorded.on(MEASUREMENTS, Answer(body=[]))
    assert signed_in.types("measurements", "export", str(path), "--json") == 0
    assert json.loads(path.read_text()) == []


# -------------------------------------------------------------------- a real server


@pytest.mark.slow
async def test_the_command_at_a_real_server(live: Live, person: Person) -> None:
    await live.person()
    app = await live.app("http://127.0.0.1/callback", public=True)
    loop = asyncio.get_running_loop()

    def open_browser(url: str) -> bool:
        asyncio.run_coroutine_threadsafe(visit(url), loop)
        return True

    async def visit(url: str) -> None:
        await live.browser().get(await live.allow(url))

    person.browser = open_browser
    person.now = live.house.clock.now().timestamp()
    words = ("login", "--server", live.address, "--client-id", app.id)
    assert await asyncio.to_thread(person.types, *words) == 0, person.err
    assert person.out == f"Signed in as Ann Example <ann@example.org> at {live.address}\n"
    token = person.store.load()
    assert token is not None
    assert await asyncio.to_thread(person.types, "whoami", "--json") == 0
    assert json.loads(person.out)["email"] == "ann@example.org"
    assert await asyncio.to_thread(person.types, "logout") == 0
    header = {"authorization": f"Bearer {token.access_token}"}
    assert (await live.browser().get(ME, headers=header)).status_code == 401
