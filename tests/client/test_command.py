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
from recorded_server import RecordedResponse, RecordedServer
from session_driver import ME, REVOKE_PATH, TOKEN_PATH, stored_token, tokens
from terminal_user import TerminalUser

from support.live_server import Live

PERSON = {"id": 42, "displayName": "Ann Example", "email": "ann@example.org"}
METADATA = "/.well-known/oauth-authorization-server"
DEVICE = "/api/v2/oauth2/device_authorization"


def browse(*brought: dict[str, str], server: str) -> Callable[[str], bool]:
    """A browser that comes back with these parameters, one request after another."""

    def open_browser(url: str) -> bool:
        requested = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}

        def browser_request() -> None:
            for parameters in brought:
                query = urlencode({"state": requested["state"], "iss": server, **parameters})
                with suppress(httpx.HTTPError):  # the port is closed after the accepted response
                    httpx.get(f"{requested['redirect_uri']}?{query}", trust_env=False)

        threading.Thread(target=browser_request).start()
        return True

    return open_browser


def test_sign_in_by_the_browser(user: TerminalUser, recorded_server: RecordedServer) -> None:
    recorded_server.on(TOKEN_PATH, RecordedResponse(body=tokens()))
    recorded_server.on(ME, RecordedResponse(body=PERSON))
    user.browser = browse({"code": "qmc_fake"}, server=recorded_server.address)
    assert user.run("login", "--server", recorded_server.address, "--client-id", "some-client") == 0
    assert user.out == f"Signed in as Ann Example <ann@example.org> at {recorded_server.address}\n"
    assert "/api/v2/oauth/authorize?" in user.err
    sent = recorded_server.requests_to(TOKEN_PATH)[0].form
    assert sent["redirect_uri"].startswith("http://127.0.0.1:")
    assert sent["code_verifier"] not in user.err
    assert user.store.load() == stored_token()
    assert stat.S_IMODE((user.folder / "tokens.json").stat().st_mode) == 0o600
    assert "qm" not in (user.folder / "account.json").read_text().replace("quantimodo", "")


def test_a_stranger_cannot_end_the_sign_in(
    user: TerminalUser, recorded_server: RecordedServer
) -> None:
    recorded_server.on(TOKEN_PATH, RecordedResponse(body=tokens()))
    recorded_server.on(ME, RecordedResponse(body=PERSON))
    user.browser = browse(
        {"state": "another", "code": "evil"},
        {"state": "another", "error": "access_denied"},
        {"iss": "https://evil.example", "code": "evil"},
        {"code": "qmc_fake"},
        {"code": "too-late"},
        server=recorded_server.address,
    )
    assert user.run("login", "--server", recorded_server.address, "--client-id", "c") == 0
    assert [received.form["code"] for received in recorded_server.requests_to(TOKEN_PATH)] == [
        "qmc_fake"
    ]


def test_a_new_sign_in_ends_the_earlier_session(
    signed_in: TerminalUser, recorded_server: RecordedServer
) -> None:
    recorded_server.on(REVOKE_PATH, RecordedResponse(503))  # it is not the new sign-in's fault
    recorded_server.on(
        TOKEN_PATH,
        RecordedResponse(400, {"error": "invalid_grant"}),
        RecordedResponse(body=tokens(2)),
    )
    recorded_server.on(ME, RecordedResponse(body=PERSON))
    signed_in.browser = browse({"code": "qmc_fake"}, server=recorded_server.address)
    words = ("login", "--server", recorded_server.address, "--client-id", "another")
    assert signed_in.run(*words) == 1
    assert signed_in.store.load() == stored_token()
    assert recorded_server.requests_to(REVOKE_PATH) == []
    assert signed_in.run(*words) == 0
    assert signed_in.store.load() == stored_token(2)
    (ended,) = recorded_server.requests_to(REVOKE_PATH)
    assert ended.form == {"token": "qmr_fake-refresh-1", "client_id": "some-client"}
    assert json.loads((signed_in.folder / "account.json").read_text())["client_id"] == "another"


def test_a_sign_in_does_not_need_the_name(
    user: TerminalUser, recorded_server: RecordedServer
) -> None:
    recorded_server.on(TOKEN_PATH, RecordedResponse(body=tokens()))
    recorded_server.on(ME, RecordedResponse(403, {"error": "insufficient_scope"}))
    user.browser = browse({"code": "qmc_fake"}, server=recorded_server.address)
    words = ("login", "--server", recorded_server.address, "--client-id", "c")
    assert user.run(*words, "--scope", "readmeasurements") == 0
    assert user.out == f"Signed in at {recorded_server.address}\n"


def test_server_and_application_may_stand_in_the_environment(
    user: TerminalUser, recorded_server: RecordedServer, tmp_path: Path
) -> None:
    recorded_server.on(TOKEN_PATH, RecordedResponse(body=tokens()))
    recorded_server.on(ME, RecordedResponse(body=PERSON))
    user.browser = browse({"code": "qmc_fake"}, server=recorded_server.address)
    user.environment = {
        "QM_SERVER": f"{recorded_server.address}/api/",
        "QM_CLIENT_ID": "of-the-shell",
    }
    assert user.run("login") == 0
    assert recorded_server.requests_to(TOKEN_PATH)[0].form["client_id"] == "of-the-shell"
    user.environment = {"QM_SERVER": recorded_server.address, "QM_CLIENT_ID": ""}
    with pytest.raises(SystemExit):
        user.run("login")
    elsewhere = TerminalUser(tmp_path / "elsewhere")
    elsewhere.environment = {"XDG_CONFIG_HOME": str(tmp_path / "xdg"), "QM_CLIENT_FOLDER": ""}
    assert elsewhere.run("whoami") == 3
    (tmp_path / "xdg").mkdir()
    user.folder.rename(tmp_path / "xdg" / "quantimodo-client")
    assert elsewhere.run("whoami") == 0


def test_without_a_keyring_no_sign_in_is_requested(
    user: TerminalUser, recorded_server: RecordedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    words = ("login", "--server", recorded_server.address, "--client-id", "c", "--keyring")
    assert user.run(*words) == 1
    assert user.err.startswith("quantimodo-client: KeyringStore needs: pip install")


def test_a_refusal_reaches_the_app(user: TerminalUser, recorded_server: RecordedServer) -> None:
    user.browser = browse({"error": "access_denied"}, server=recorded_server.address)
    assert user.run("login", "--server", recorded_server.address, "--client-id", "c") == 1
    assert user.err.endswith("quantimodo-client: access_denied\n")
    assert user.run("whoami") == 3


def test_no_caller_waits_without_a_limit(
    user: TerminalUser, recorded_server: RecordedServer
) -> None:
    words = ("login", "--server", recorded_server.address, "--client-id", "c", "--wait", "0.01")
    assert user.run(*words, "--no-browser") == 1
    assert "Sign in with your browser" in user.err
    assert "Waiting for the sign-in for up to 0.01 seconds; Ctrl-C stops." in user.err
    assert "in time" in user.err


@pytest.mark.parametrize(
    ("server", "words"), [("http://id.example.org", "https only"), ("nonsense", "an address")]
)
def test_tokens_go_nowhere_that_others_can_read(
    user: TerminalUser, server: str, words: str
) -> None:
    assert user.run("login", "--server", server, "--client-id", "c") == 1
    assert words in user.err


def test_sign_in_by_another_device(user: TerminalUser, recorded_server: RecordedServer) -> None:
    recorded_server.on(
        METADATA,
        RecordedResponse(body={"device_authorization_endpoint": recorded_server.address + DEVICE}),
    )
    code = {
        "device_code": "fake-device-code",
        "user_code": "ABCD-EFGH",
        "verification_uri": "https://id.example.org/device",
        "expires_in": 60,
        "interval": 5,
    }
    recorded_server.on(DEVICE, RecordedResponse(body=code))
    recorded_server.on(
        TOKEN_PATH,
        RecordedResponse(400, {"error": "authorization_pending"}),
        RecordedResponse(400, {"error": "slow_down"}),
        RecordedResponse(drop=True),
        RecordedResponse(body=tokens()),
    )
    recorded_server.on(ME, RecordedResponse(body=PERSON))
    words = ("login", "--server", recorded_server.address, "--client-id", "some-client", "--device")
    assert user.run(*words, "--json") == 0
    assert json.loads(user.out) == {**PERSON, "server": recorded_server.address}
    assert "https://id.example.org/device" in user.err
    assert "ABCD-EFGH" in user.err
    assert "fake-device-code" not in user.err
    assert user.waits == [5, 5, 10, 20]
    assert recorded_server.requests_to(DEVICE)[0].form["client_id"] == "some-client"
    assert recorded_server.requests_to(TOKEN_PATH)[0].form == {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": "fake-device-code",
        "client_id": "some-client",
    }
    for error in ("authorization_pending", "expired_token"):
        recorded_server.on(TOKEN_PATH, RecordedResponse(400, {"error": error}))
        assert user.run(*words) == 3
        assert "not approved in time" in user.err
    recorded_server.on(TOKEN_PATH, RecordedResponse(400, {"error": "access_denied"}))
    assert user.run(*words) == 1
    for metadata in ({}, {"device_authorization_endpoint": f"https://evil.example{DEVICE}"}):
        recorded_server.on(METADATA, RecordedResponse(body=metadata))
        assert user.run(*words) == 1
        assert "does not offer" in user.err


def test_signing_out_ends_the_tokens(
    signed_in: TerminalUser, recorded_server: RecordedServer
) -> None:
    recorded_server.on(REVOKE_PATH, RecordedResponse())
    assert signed_in.run("logout") == 0
    assert recorded_server.requests[0].form["token"] == "qmr_fake-refresh-1"
    assert list(signed_in.folder.iterdir()) == []
    assert signed_in.run("logout") == 3
    assert "quantimodo-client login" in signed_in.err


def test_a_sign_out_while_the_server_is_down_is_reported(
    signed_in: TerminalUser, recorded_server: RecordedServer
) -> None:
    recorded_server.on(REVOKE_PATH, RecordedResponse(503))
    assert signed_in.run("logout") == 1
    assert signed_in.err == (
        f"quantimodo-client: You are signed out here, but {recorded_server.address} did not revoke"
        " your tokens (Service Unavailable): they may be valid until they expire\n"
    )
    assert list(signed_in.folder.iterdir()) == []


def test_without_a_sign_in_nothing_is_asked(
    user: TerminalUser, recorded_server: RecordedServer
) -> None:
    for words in (["whoami"], ["measurements", "list"], ["measurements", "add", "Mood", "3"]):
        assert user.run(*words, "--json") == 3
        assert "login" in json.loads(user.err)["error"]["message"]
    assert not recorded_server.requests


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
def test_wrong_usage_is_explained(user: TerminalUser, words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        user.run(*words)
    assert ended.value.code == 2


def test_the_help_shows_the_exit_status(
    user: TerminalUser, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        user.run("--help")
    assert ended.value.code == 0
    output = capsys.readouterr().out
    for line in ("0    done", "1    the server refused", "2    wrong usage", "3    sign-in"):
        assert line in output


def test_a_refusal_is_reported_in_the_servers_words(
    signed_in: TerminalUser, recorded_server: RecordedServer
) -> None:
    recorded_server.on(
        ME,
        RecordedResponse(
            403, {"error": "insufficient_scope", "error_description": "It needs basic."}
        ),
    )
    assert signed_in.run("whoami") == 1
    assert signed_in.err == "quantimodo-client: It needs basic. (403)\n"
    assert signed_in.run("--json", "whoami") == 1
    assert json.loads(signed_in.err) == {
        "error": {"code": "insufficient_scope", "message": "It needs basic. (403)"}
    }
    recorded_server.on(ME, RecordedResponse(500, b"<p>"))
    assert signed_in.run("whoami") == 1
    assert signed_in.err == "quantimodo-client: Internal Server Error (500)\n"


def test_a_server_that_does_not_respond_is_named(
    signed_in: TerminalUser, recorded_server: RecordedServer
) -> None:
    recorded_server.on(ME, RecordedResponse(drop=True))
    assert signed_in.run("whoami") == 1
    assert signed_in.err.startswith(
        f"quantimodo-client: {recorded_server.address} did not respond: Remote"
    )
    words = ("login", "--server", recorded_server.address, "--client-id", "c", "--device", "--json")
    recorded_server.on(METADATA, RecordedResponse(drop=True))
    assert signed_in.run(*words) == 1
    output = json.loads(signed_in.err)["error"]["message"]
    assert output.startswith(f"{recorded_server.address} did not respond: Remote")


def test_a_private_authority_is_set_in_the_environment(
    signed_in: TerminalUser,
    secure: RecordedServer,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = {"server": secure.address, "client_id": "some-client", "scope": "basic"}
    (signed_in.folder / "account.json").write_text(json.dumps(account))
    secure.on(ME, RecordedResponse(body=PERSON))
    assert signed_in.run("whoami") == 1
    assert "CERTIFICATE_VERIFY_FAILED" in signed_in.err
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert signed_in.run("whoami") == 0


def test_ctrl_c_prints_a_short_line(user: TerminalUser, recorded_server: RecordedServer) -> None:
    def interrupt(_: str) -> bool:
        raise KeyboardInterrupt

    user.browser = interrupt
    words = ("login", "--server", recorded_server.address, "--client-id", "c", "--wait", "1")
    assert user.run(*words, terminal=True) == 130
    assert user.err.endswith("for up to 1 second; Ctrl-C stops.\n\nquantimodo-client: stopped\n")
    assert user.run(*words) == 130
    assert user.err.endswith("Ctrl-C stops.\nquantimodo-client: stopped\n")


@pytest.mark.slow
def test_characters_that_the_terminal_cannot_print_stop_nothing(
    signed_in: TerminalUser, recorded_server: RecordedServer
) -> None:
    recorded_server.on(ME, RecordedResponse(body={**PERSON, "displayName": "Änn 👋"}))
    signed_in.store.save(stored_token(lifetime=10**9))
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
async def test_the_command_at_a_real_server(live: Live, user: TerminalUser) -> None:
    await live.person()
    app = await live.app("http://127.0.0.1/callback", public=True)
    loop = asyncio.get_running_loop()

    def open_browser(url: str) -> bool:
        asyncio.run_coroutine_threadsafe(browser_request(url), loop)
        return True

    async def browser_request(url: str) -> None:
        await live.browser().get(await live.allow(url))

    user.browser = open_browser
    user.now = live.context.clock.now().timestamp()
    words = ("login", "--server", live.address, "--client-id", app.id)
    assert await asyncio.to_thread(user.run, *words) == 0, user.err
    assert user.out == f"Signed in as Ann Example <ann@example.org> at {live.address}\n"
    token = user.store.load()
    assert token is not None
    assert await asyncio.to_thread(user.run, "whoami", "--json") == 0
    assert json.loads(user.out)["email"] == "ann@example.org"
    assert await asyncio.to_thread(user.run, "logout") == 0
    header = {"authorization": f"Bearer {token.access_token}"}
    assert (await live.browser().get(ME, headers=header)).status_code == 401
