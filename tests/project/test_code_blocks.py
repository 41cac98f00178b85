"""Every code block of a document is run or parsed by a test, or this file says why not."""

import configparser
import json
import re
import stat
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import yaml

from quantimodo.app.secret_keys import parse_keys
from support.addresses import query_of
from support.app import form_fields
from support.checks import not_empty
from support.code_blocks import CodeBlock, all_code_blocks, code_blocks
from support.live_server import Live, open_live_on, open_server
from support.shell import Shell
from support.workers import Workers

CALLBACK = "http://127.0.0.1:9000/callback"

# Languages whose blocks are data. test_documents.py loads toml as settings; tests/proxies.py
# starts nginx, haproxy and Caddy with the blocks of reverse-proxy.md.
DATA = {"json", "toml", "yaml", "ini", "nginx", "haproxy", "text", ""}

# Documents of which a test runs every block of sh, python and js, apart from those in `NOT_RUN`.
RUN_BY = {
    "README.md": "project/test_code_blocks.py",
    "clients/python/README.md": "client/test_readme.py",
    "docs/developer/code-flow.md": "project/test_code_blocks.py",
    "docs/developer/introspect.md": "project/test_code_blocks.py",
    "docs/developer/javascript.md": "interop/test_documented_programs.py",
    "docs/developer/measurements.md": "project/test_code_blocks.py",
    "docs/developer/python.md": "interop/test_documented_programs.py",
    "docs/developer/python-client.md": "client/test_readme.py",
    "docs/developer/refresh.md": "project/test_code_blocks.py",
    "docs/developer/revoke.md": "project/test_code_blocks.py",
    "docs/developer/sandbox.md": "project/test_code_blocks.py",
    "docs/developer/social-sign-in.md": "project/test_code_blocks.py",
    "docs/operator/backups.md": "cli/test_backup_commands.py",
    "docs/operator/keys.md": "project/test_code_blocks.py",
    "docs/operator/postgresql.md": "project/test_code_blocks.py",
}

_MACHINE = "changes the machine: accounts, services, files outside the server's folder"
_CONTAINER = (
    "builds an image; project/test_deployment.py checks the files, and the page what was run"
)
_CLUSTER = "needs a cluster; tests/chart checks the manifests that the chart makes"
_COMMANDS = "test_documents.py checks the commands and options; tests/cli runs each command"
_BUILD = "runs the whole set-up or all tests; cli/test_serve.py and cli/test_demo.py run its parts"
_FIRST_TOKEN = "browser_flows/test_playground.py runs the command and sends the request"

# (document, first line of the block): why no test runs it as printed. Its syntax is checked.
NOT_RUN = {
    ("README.md", "make serve   # sets up what is missing, then serves on"): _BUILD,
    ("README.md", "curl -s http://127.0.0.1:8000/api/v1/user/me"): _FIRST_TOKEN,
    ("README.md", "git clone ADDRESS-OF-THIS-REPOSITORY quantimodo"): _BUILD,
    ("README.md", "make demo"): _BUILD,
    ("README.md", "QUANTIMODO_PORT=8080 make serve"): _BUILD,
    ("README.md", "export QUANTIMODO_ISSUER=https://id.example.org"): "test_settings.py loads them",
    ("README.md", "make help     # all commands"): _BUILD,
    ("CONTRIBUTING.md", "make serve    # the server, on SQLite"): _BUILD,
    ("docs/developer/first-token.md", "make serve"): _BUILD,
    ("docs/developer/first-token.md", ".venv/bin/quantimodo token"): _FIRST_TOKEN,
    ("docs/developer/first-token.md", "curl -s http://127.0.0.1:8000"): _FIRST_TOKEN,
    ("docs/developer/javascript.md", "const manager = new oidc.UserManager({"): (
        "browser_flows/test_oidc_client_ts.py runs the library with the same options"
    ),
    ("docs/developer/code-flow.md", "mkdir -p listening/callback"): (
        "it listens until it is stopped; test_the_listener_of_the_code_flow_prints_the_code runs it"
    ),
    ("docs/developer/jwt-access-tokens.md", "quantimodo clients create"): _COMMANDS,
    ("docs/developer/resources.md", "quantimodo resources add"): _COMMANDS,
    ("docs/developer/personal-tokens.md", "pip install"): (
        "client/test_protected_sessions.py runs the commands"
    ),
    ("docs/developer/personal-tokens.md", "curl -s https://id.example.org"): (
        "pages/test_personal_token_pages.py sends the request"
    ),
    ("docs/developer/device-grant.md", "curl -s https://id.example.org"): (
        "rfc8628/ sends the requests"
    ),
    ("docs/developer/token-exchange.md", "quantimodo clients create"): _COMMANDS,
    ("docs/developer/token-exchange.md", "quantimodo clients edit"): _COMMANDS,
    ("docs/developer/token-exchange.md", "curl -s https://id.example.org"): (
        "rfc8693/ sends the request"
    ),
    ("docs/developer/pushed-requests.md", "curl -s https://id.example.org"): (
        "rfc9126/ sends the request"
    ),
    ("docs/developer/sender-constrained-tokens.md", "import * as client"): (
        "interop/test_npm_clients.py runs the library with the same calls"
    ),
    ("docs/developer/webhooks.md", "curl -s"): "webhooks/ sends the requests",
    ("docs/developer/webhooks.md", "quantimodo webhooks"): _COMMANDS,
    ("docs/developer/webhooks.md", "from standardwebhooks"): (
        "webhooks/test_delivery.py verifies by the library"
    ),
    ("docs/developer/grants.md", "curl -s"): "grant_management/ sends the requests",
    ("docs/developer/registration.md", "curl -s https://id.example.org"): (
        "rfc7591/ sends the request"
    ),
    ("docs/developer/sandbox.md", "make serve"): _BUILD,
    ("docs/operator/administration.md", "quantimodo users create"): _COMMANDS,
    ("docs/operator/administration.md", "quantimodo announcements add"): _COMMANDS,
    ("docs/operator/administration.md", "quantimodo logs"): _COMMANDS,
    ("docs/operator/administration.md", "quantimodo statistics"): _COMMANDS,
    ("docs/operator/administration.md", "quantimodo users invite"): _COMMANDS,
    ("docs/operator/conformance.md", 'echo "$PASSWORD" | quantimodo'): _COMMANDS,
    ("docs/operator/conformance.md", "quantimodo keys rotate"): _COMMANDS,
    ("docs/operator/conformance.md", "npx @modelcontextprotocol/conformance"): (
        "needs a newer Node.js, and a person; interop/test_mcp_sdks.py runs the same flow"
    ),
    ("docs/operator/conformance.md", "export QUANTIMODO_CONFIG"): (
        "project/test_conformance_configuration.py checks what the script makes"
    ),
    ("docs/operator/containers.md", "cd deploy"): _CONTAINER,
    ("docs/operator/containers.md", "kubectl create namespace identity"): _CLUSTER,
    ("docs/operator/containers.md", "helm install id"): _CLUSTER,
    ("docs/operator/containers.md", "podman"): _CONTAINER,
    ("docs/operator/hardening.md", "quantimodo doctor --live"): "cli/test_doctor_live.py",
    ("docs/operator/install.md", "uvx quantimodo serve"): "cli/test_wheel_alone.py runs the wheel",
    ("docs/operator/install.md", "pipx install"): "cli/test_wheel_alone.py runs the wheel",
    ("docs/operator/install.md", "apt-get install python3-venv"): _MACHINE,
    ("docs/operator/install.md", "useradd"): _MACHINE,
    ("docs/operator/install.md", "systemctl daemon-reload"): _MACHINE,
    ("docs/operator/install.md", "sudo -u quantimodo env"): _COMMANDS,
    ("docs/operator/install.md", "quantimodo users create"): _COMMANDS,
    ("docs/operator/keys.md", "quantimodo keys"): _COMMANDS,
    ("docs/operator/monitoring.md", "curl -s http://127.0.0.1:8000/metrics"): (
        "ops/ reads the metrics"
    ),
    ("docs/operator/monitoring.md", "journalctl"): _MACHINE,
    ("docs/operator/other-servers.md", "granian"): "interop/ starts the three servers",
    ("docs/operator/people-and-applications.md", "quantimodo"): _COMMANDS,
    ("docs/operator/postgresql.md", "sudo -u postgres"): _MACHINE,
    ("docs/operator/postgresql.md", "quantimodo doctor"): _COMMANDS,
    ("docs/operator/providers.md", "import json"): "federation/test_operator_pages.py runs it",
    ("docs/operator/providers.md", "QUANTIMODO_PROVIDERS__APPLE"): "test_settings.py loads them",
    ("docs/operator/reverse-proxy.md", "curl -s https://id.example.org"): (
        "interop/ sends requests through each proxy"
    ),
    ("docs/operator/troubleshooting.md", "sqlite3"): (
        "needs the program sqlite3, which no test needs otherwise; deletes all signing keys"
    ),
    ("docs/operator/moving-in.md", "quantimodo users import"): (
        "cli/test_user_import_command.py runs it"
    ),
    ("docs/operator/set-up-files.md", "quantimodo"): "cli/test_set_up_command.py runs them",
    ("docs/operator/upgrades.md", "quantimodo backup"): _MACHINE,
    ("docs/operator/upgrades.md", "sha256sum --check"): "verifies the files of a release",
    ("docs/operator/upgrades.md", "scripts/environment run"): "release/test_release.py runs it",
    ("docs/operator/upgrades.md", "quantimodo database migrate"): _COMMANDS,
}


def _reasons(block: CodeBlock) -> list[tuple[str, str]]:
    return [
        (document, start)
        for document, start in NOT_RUN
        if document == block.document and block.start.startswith(start)
    ]


def test_every_block_is_run_or_has_a_reason() -> None:
    programs = [block for block in all_code_blocks() if block.language not in DATA]
    assert {block.language for block in programs} == {"sh", "python", "js"}
    missing = [
        (block.document, block.start)
        for block in programs
        if block.document not in RUN_BY and not _reasons(block)
    ]
    assert missing == []
    used = {reason for block in programs for reason in _reasons(block)}
    assert set(NOT_RUN) - used == set(), "no block begins so any more"


def test_every_test_that_is_named_exists() -> None:
    for file in RUN_BY.values():
        assert (Path(__file__).parents[1] / file).is_file()


def test_every_shell_block_parses() -> None:
    for block in not_empty(each for each in all_code_blocks() if each.language == "sh"):
        checked = subprocess.run(
            ["bash", "-n"], input=block.text, text=True, capture_output=True, check=False
        )
        assert checked.returncode == 0, (block.document, checked.stderr)


def test_every_data_block_parses() -> None:
    blocks = all_code_blocks()
    for block in not_empty(each for each in blocks if each.language == "yaml"):
        assert isinstance(yaml.safe_load(block.text), dict), block
    for block in not_empty(each for each in blocks if each.language == "json"):
        json.loads(block.text)
    for block in not_empty(each for each in blocks if each.language == "ini"):
        unit = configparser.ConfigParser(strict=False, interpolation=None)
        unit.optionxform = str  # type: ignore[assignment,method-assign]
        unit.read_string(block.text)
        assert {"Unit", "Service", "Install"} <= set(unit.sections())


@pytest.mark.node
def test_every_javascript_block_parses(tmp_path: Path) -> None:
    for block in not_empty(each for each in all_code_blocks() if each.language == "js"):
        file = tmp_path / "block.mjs"
        file.write_text(block.text, "utf-8")
        subprocess.run(["node", "--check", str(file)], check=True, capture_output=True)


def runnable(document: str) -> list[str]:
    """The shell blocks of a document that are run, in order."""
    return [
        block.text
        for block in code_blocks(document)
        if block.language == "sh" and not _reasons(block)
    ]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    with open_server(tmp_path_factory.mktemp("blocks")) as opened:
        yield opened


@pytest.fixture
async def live(server: Workers) -> AsyncIterator[Live]:
    async with open_live_on(server) as opened:
        yield opened


async def paste_flow(live: Live, shell: Shell, blocks: list[str], filled: dict[str, str]) -> str:
    """Pastes blocks in order with this server's address and the values that a reader fills in;
    opens the address that a block prints, and fills in the code. Returns all output."""
    output = []
    for block in blocks:
        text = block.replace("http://127.0.0.1:8000", live.address)
        text = text.replace("https://id.example.org", live.address)
        for placeholder, value in filled.items():
            text = text.replace(placeholder, value)
        assert "PASTE" not in text, text
        response = await shell.paste(text)
        output.append(response)
        last = response.rpartition("\n")[2]
        if re.fullmatch(r"http://\S+/oauth/authorize\?\S+", last):
            location = await live.allow(last)
            filled["PASTE_THE_CODE"] = parse_qs(urlsplit(location).query)["code"][0]
    return "\n".join(output)


async def test_the_secret_keys_are_made_and_rotated_as_printed(tmp_path: Path) -> None:
    made, rotated = runnable("docs/operator/keys.md")
    (postgres,) = runnable("docs/operator/postgresql.md")
    file = tmp_path / "secret.key"
    shell = await Shell.open(tmp_path)
    await shell.paste("chown() { :; }; systemctl() { :; }")
    first = await shell.paste(made)
    await shell.paste(postgres.replace("/etc/quantimodo", str(tmp_path)))
    (second,) = parse_keys(file.read_text("ascii"))
    assert [*parse_keys(first)] != [second]
    await shell.paste(rotated.replace("/var/lib/quantimodo", str(tmp_path)))
    await shell.close()
    newest, older = parse_keys(file.read_text("ascii"))
    assert (older, newest != older) == (second, True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.slow
async def test_the_first_steps_of_the_readme_run_as_printed(live: Live, tmp_path: Path) -> None:
    person = await live.person()
    app = await live.app(CALLBACK, public=True)
    shell = await Shell.open(tmp_path)
    output = await paste_flow(live, shell, runnable("README.md"), {"PASTE_THE_CLIENT_ID": app.id})
    await shell.close()
    assert f'"id": {person.id}' in output
    assert output.count('"refresh_token"') == 2
    assert "\n200" in output
    assert '"error": "invalid_token"' in output


def test_the_listener_of_the_code_flow_prints_the_code(tmp_path: Path) -> None:
    (text,) = (
        block.text
        for block in code_blocks("docs/developer/code-flow.md")
        if block.text.startswith("mkdir -p listening")
    )
    assert text.count("9000") == 1
    command = ["bash", "-euc", text.replace("python3 -m", "exec python3 -um").replace("9000", "0")]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as listener:
        assert listener.stdout is not None
        assert listener.stderr is not None
        try:
            port = re.findall(r"port (\d+)", listener.stdout.readline())[0]
            address = f"http://127.0.0.1:{port}/callback"
            page = httpx.get(address, params={"code": "qmc_one"}, follow_redirects=True)
            assert (page.status_code, page.text) == (200, "The code is in the terminal.\n")
            assert "GET /callback?code=qmc_one" in listener.stderr.readline()
        finally:
            listener.kill()


@pytest.mark.slow
async def test_the_pages_on_tokens_and_measurements_run_as_printed(
    live: Live, tmp_path: Path
) -> None:
    await live.person()
    app = await live.app(CALLBACK)
    assert app.secret is not None
    filled = {"PASTE_THE_CLIENT_ID": app.id, "PASTE_THE_CLIENT_SECRET": app.secret}
    shell = await Shell.open(tmp_path)
    *flow, ending, own = runnable("docs/developer/code-flow.md")
    flow = [
        block.replace("basic%20offline", "basic%20readmeasurements%20writemeasurements%20offline")
        for block in flow
    ]
    output = await paste_flow(live, shell, flow, filled)
    assert '"displayName":"Ann Example"' in output
    await shell.paste("refresh_token=$(token refresh_token)")
    fresh = json.loads(await paste_flow(live, shell, runnable("docs/developer/refresh.md"), {}))
    await shell.paste(f"access_token={fresh['access_token']}")
    plain, signed = runnable("docs/developer/introspect.md")
    assert json.loads(await paste_flow(live, shell, [plain], {}))["active"] is True
    assert (await paste_flow(live, shell, [signed], {})).count(".") == 2
    application = json.loads(await paste_flow(live, shell, [own], filled))
    await shell.paste(f"application_token={application['access_token']}")
    filled["PASTE_AN_ACCESS_TOKEN"] = fresh["access_token"]
    measured = await paste_flow(live, shell, runnable("docs/developer/measurements.md"), filled)
    assert "total-count: 1" in measured.lower()
    assert measured.count('"Sleep Quality"') == 2
    ended = await paste_flow(live, shell, [ending], filled)
    assert ended.endswith("{}")
    await shell.paste(f"refresh_token={fresh['refresh_token']}")
    revoked = await paste_flow(live, shell, runnable("docs/developer/revoke.md"), {})
    assert revoked == "{}"
    await shell.close()


async def as_person(live: Live, browser: httpx.AsyncClient, url: str) -> str:
    """Open the address of a social login, and choose a person of the sandbox; the address at the
    application to which the browser is redirected."""
    started_login = await browser.get(url)
    person = httpx.URL(started_login.headers["location"]).copy_merge_params({"person": "verified"})
    assert str(person).startswith(f"{live.address}/sandbox/")
    back = await browser.get((await browser.get(person)).headers["location"])
    location: str = back.headers["location"]
    assert location.startswith(CALLBACK)
    return location


@pytest.mark.slow
async def test_the_page_on_social_sign_in_runs_as_printed(live: Live, tmp_path: Path) -> None:
    app, browser = await live.app(CALLBACK), live.browser()
    filled = {"PASTE_THE_CLIENT_ID": app.id}
    address, client, login, code, trade, native, in_browser, as_json = runnable(
        "docs/developer/social-sign-in.md"
    )
    shell = await Shell.open(tmp_path)
    pkce = next(one for one in runnable("docs/developer/code-flow.md") if "challenge=" in one)
    printed = await paste_flow(live, shell, [address, client, pkce, login], filled)
    came = query_of(await as_person(live, browser, printed.rpartition("\n")[2]))
    filled["PASTE_THE_CODE"] = came["code"]
    traded = await paste_flow(live, shell, [code, trade], filled)
    person = json.loads(traded)["data"]["user"]
    assert await shell.paste("echo $state") == came["state"]

    refused = json.loads(await paste_flow(live, shell, [as_json], filled))
    assert refused["error"]["code"] == "interaction_required"
    moved = await browser.get(await shell.paste(in_browser))
    consent = await browser.get(moved.headers["location"])
    allowed = await browser.post(
        "/api/v2/oauth/authorize/decision", data={**form_fields(consent.text), "decision": "allow"}
    )
    assert query_of(allowed.headers["location"])["code"].startswith("qmc_")
    response = json.loads(await paste_flow(live, shell, [as_json], filled))
    assert response["data"]["code"].startswith("qmc_")

    tokens = await browser.post("/sandbox/google/native", json={"person": "verified"})
    await shell.paste(f"sdk_token={tokens.json()['access_token']}")
    again = json.loads(await paste_flow(live, shell, [native], filled))["data"]
    assert again["user"]["id"] == person["id"]
    await shell.close()


@pytest.mark.slow
async def test_the_page_on_the_sandbox_runs_as_printed(live: Live, tmp_path: Path) -> None:
    code, redeem, native, event = runnable("docs/developer/sandbox.md")
    shell = await Shell.open(tmp_path)
    requested = {"origin": "http://127.0.0.1:9000", "state": "xyz", "person": "verified"}
    popup = await live.browser().get("/sandbox/google/popup", params=requested)
    filled = {"PASTE_THE_CODE": popup.text.partition("readonly>")[2].partition("<")[0]}
    redeemed = json.loads(await paste_flow(live, shell, [code, redeem], filled))["data"]
    admitted = json.loads(await paste_flow(live, shell, [native], filled))["data"]
    assert (redeemed["newUser"], admitted["newUser"]) == (True, False)
    assert await paste_flow(live, shell, [event], filled) == "202"
    (identity,) = await live.context.social.identities(admitted["user"]["id"])
    assert identity.signed_out_at is not None
    await shell.close()
