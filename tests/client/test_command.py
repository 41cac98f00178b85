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
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from driven import ME, REVOKE_PATH, TOKEN_PATH, held, tokens
from recorded import Answer, Recorded
from terminals import Person

from support.live_server import Live

PERSON = {"id": 42, "displayName": "Ann Example", "email": "ann@example.org"}
METADATA = "/.well-known/oauth-authorization-server"
DEVICE = "/api/v2/oauth2/device_authorization"


def browse(*brought: dict[str, str], server: str) -> Callable[[str], bool]:
    """A browser that comes back with these parameters, one request after another."""

    def open_browser(url: str) -> bool:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}

        def browser_request() -> None:
            for parameters in brought:
                query = urlencode({"state": asked["state"], "iss": server, **parameters})
                with suppress(httpx.HTTPError):  # nobody listens any more after the right one
                    httpx.get(f"{asked['redirect_uri']}?{query}", trust_env=False)

        threading.Thread(target=browser_request).start()
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


def test_a_new_sign_in_ends_the_earlier_session(signed_in: Person, recorded: Recorded) -> None:
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
    person.environment = {"QM_SERVER": recorded.address, "QM_CLIENT_ID": ""}
    with pytest.raises(SystemExit):
        person.types("login")
    elsewhere = Person(tmp_path / "elsewhere")
    elsewhere.environment = {"XDG_CONFIG_HOME": str(tmp_path / "xdg"), "QM_CLIENT_FOLDER": ""}
    assert elsewhere.types("whoami") == 3
    (tmp_path / "xdg").mkdir()
    person.folder.rename(tmp_path / "xdg" / "quantimodo-client")
    assert elsewhere.types("whoami") == 0


def test_without_a_keyring_no_sign_in_is_requested(
    person: Person, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    words = ("login", "--server", recorded.address, "--client-id", "c", "--keyring")
    assert person.types(*words) == 1
    assert person.err.startswith("quantimodo-client: KeyringStore needs: pip install")


def test_a_refusal_reaches_the_app(person: Person, recorded: Recorded) -> None:
    person.browser = browse({"error": "access_denied"}, server=recorded.address)
    assert person.types("login", "--server", recorded.address, "--client-id", "c") == 1
    assert person.err.endswith("quantimodo-client: access_denied\n")
    assert person.types("whoami") == 3


def test_no_caller_waits_for_ever(person: Person, recorded: Recorded) -> None:
    words = ("login", "--server", recorded.address, "--client-id", "c", "--wait", "0.01")
    assert person.types(*words, "--no-browser") == 1
    assert "Sign in with your browser" in person.err
    assert "Waiting until you come back, 0.01 seconds at most; Ctrl-C stops." in person.err
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


def test_a_sign_out_while_the_server_is_down_is_reported(
    signed_in: Person, recorded: Recorded
) -> None:
    recorded.on(REVOKE_PATH, Answer(503))
    assert signed_in.types("logout") == 1
    assert signed_in.err == (
        f"quantimodo-client: You are signed out here, but {recorded.address} could not be told"
        " (Service Unavailable): it may let this sign-in live until it expires\n"
    )
    assert list(signed_in.folder.iterdir()) == []


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


def test_a_refusal_is_reported_in_the_servers_words(signed_in: Person, recorded: Recorded) -> None:
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


def test_a_server_that_gives_no_answer_is_named(signed_in: Person, recorded: Recorded) -> None:
    recorded.on(ME, Answer(drop=True))
    assert signed_in.types("whoami") == 1
    assert signed_in.err.startswith(f"quantimodo-client: {recorded.address} gave no answer: Remote")
    words = ("login", "--server", recorded.address, "--client-id", "c", "--device", "--json")
    recorded.on(METADATA, Answer(drop=True))
    assert signed_in.types(*words) == 1
    told = json.loads(signed_in.err)["error"]["message"]
    assert told.startswith(f"{recorded.address} gave no answer: Remote")


def test_a_private_authority_is_set_in_the_environment(
    signed_in: Person, secure: Recorded, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = {"server": secure.address, "client_id": "some-client", "scope": "basic"}
    (signed_in.folder / "account.json").write_text(json.dumps(account))
    secure.on(ME, Answer(body=PERSON))
    assert signed_in.types("whoami") == 1
    assert "CERTIFICATE_VERIFY_FAILED" in signed_in.err
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert signed_in.types("whoami") == 0


def test_ctrl_c_prints_a_short_line(person: Person, recorded: Recorded) -> None:
    def interrupt(_: str) -> bool:
        raise KeyboardInterrupt

    person.browser = interrupt
    words = ("login", "--server", recorded.address, "--client-id", "c", "--wait", "1")
    assert person.types(*words, terminal=True) == 130
    assert person.err.endswith("1 second at most; Ctrl-C stops.\n\nquantimodo-client: stopped\n")
    assert person.types(*words) == 130
    assert person.err.endswith("Ctrl-C stops.\nquantimodo-client: stopped\n")


@pytest.mark.slow
def test_what_the_terminal_cannot_spell_stops_nothing(
    signed_in: Person, recorded: Recorded
) -> None:
    recorded.on(ME, Answer(body={**PERSON, "displayName": "Änn 👋"}))
    signed_in.store.save(held(lifetime=10**9))
    environment = {
        "QM_CLIENT_FOLDER": str(signed_in.folder),
        "PYTHONPATH": ":".join(sys.path),
        "PYTHONIOENCODING": "ascii",
    }
    command = [sys.executable, "-m", "swagger_client", "whoami"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.stdout.startswith("\\xc4nn \\U0001f44b <ann@example.org> at"), done.stderr


# -------------------------------------------------------------------- a real server


@pytest.mark.slow
async def test_the_command_at_a_real_server(live: Live, person: Person) -> None:
    await live.person()
    app = await live.app("http://127.0.0.1/callback", public=True)
    loop = asyncio.get_running_loop()

    def open_browser(url: str) -> bool:
        asyncio.run_coroutine_threadsafe(browser_request(url), loop)
        return True

    async def browser_request(url: str) -> None:
        await live.browser().get(await live.allow(url))

    person.browser = open_browser
    person.now = live.context.clock.now().timestamp()
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
