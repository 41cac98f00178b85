"""Under another ASGI server the application prepares itself as `quantimodo serve` does
(docs/operator/other-servers.md): lifespan migrates and makes keys or refuses, workers see new keys
within seconds, and nothing is called ready that cannot sign."""

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from quantimodo.app.composition.services import open_app
from quantimodo.app.settings.reading import load_settings
from quantimodo.clients.registry import Registration
from support.environment import no_authorities
from support.workers import environment_for, free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

APP = "quantimodo.app.asgi:app"
FACTORY = "quantimodo.app.asgi:create"
_PATIENCE = 60.0
_SECONDS = 30.0  # less than the minute in which rotation looks at the keys
TOKEN = "/api/v2/oauth2/access_token"


def _command(name: str, port: int) -> list[str]:
    at = f"127.0.0.1:{port}"
    where = ("--host", "127.0.0.1", "--port", str(port))
    commands = {
        "granian": ("granian", "--interface", "asgi", *where, APP),
        "granian, 3 workers": ("granian", "--interface", "asgi", "--workers", "3", *where, APP),
        "granian, a factory": ("granian", "--interface", "asgi", "--factory", *where, FACTORY),
        "granian, no lifespan": ("granian", "--interface", "asginl", *where, APP),
        "uvicorn": ("uvicorn", *where, APP),
        "uvicorn, 2 workers": ("uvicorn", "--workers", "2", *where, APP),
        "uvicorn, no lifespan": ("uvicorn", "--lifespan", "off", *where, APP),
        "hypercorn": ("hypercorn", "--bind", at, APP),
    }
    return [sys.executable, "-m", *commands[name]]


@contextmanager
def run(name: str, environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The server as its own documentation starts it, ended with everything it started."""
    inherited = {key: value for key, value in os.environ.items() if "QUANTIMODO" not in key}
    with log.open("wb") as output:
        process = subprocess.Popen(
            _command(name, int(environment["QUANTIMODO_PORT"])),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**inherited, **environment},
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait(_PATIENCE)


def _response(site: httpx.Client, path: str, process: subprocess.Popen[bytes]) -> httpx.Response:
    """The first response there is."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return site.get(path)
        except httpx.TransportError:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.05)


def _site(port: int) -> httpx.Client:
    return httpx.Client(
        base_url=f"http://127.0.0.1:{port}",
        timeout=_PATIENCE,
        trust_env=False,
        verify=no_authorities(),
    )


def _kid(token: str) -> str:
    head = token.split(".")[0]
    kid: str = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"]
    return kid


@pytest.mark.parametrize(
    "name",
    [
        "granian",
        "granian, 3 workers",
        "granian, a factory",
        "uvicorn",
        "uvicorn, 2 workers",
        "hypercorn",
    ],
)
async def test_it_migrates_makes_keys_and_sees_new_ones(name: str, tmp_path: Path) -> None:
    port = free_port()
    environment = environment_for(f"sqlite:///{tmp_path}/new.db", port)
    log = tmp_path / "log"
    with run(name, environment, log) as process, _site(port) as site:
        assert _response(site, "/health/ready", process).status_code == 200, log.read_text()
        assert len(site.get("/.well-known/jwks.json").json()["keys"]) >= 2
        async with open_app(load_settings(environment)) as context:
            requested = Registration(
                name="Machine",
                redirect_uris=(),
                scope=frozenset({"basic"}),
                grant_types=frozenset({"client_credentials"}),
                token_format="jwt",
            )
            app = await context.registry.register(requested, owner_id=None, by_operator=True)
            assert app.secret is not None
            who = (app.client.id, app.secret.reveal())
            made = await context.rotation.rotate(timedelta())
            newest = {key.kid for key in made}
        deadline, in_a_row = time.monotonic() + _SECONDS, 0
        while in_a_row < 30:  # each on its own connection, so that each worker responds
            assert time.monotonic() < deadline, "a worker still signs by the key before"
            with _site(port) as another:
                response = another.post(TOKEN, data={"grant_type": "client_credentials"}, auth=who)
            assert response.status_code == 200, response.text
            in_a_row = in_a_row + 1 if _kid(response.json()["access_token"]) in newest else 0
            if not in_a_row:
                time.sleep(0.1)
        form = {"grant_type": "client_credentials", "scope": "x" * 70_000}
        assert site.post(TOKEN, data=form, auth=who).status_code == 413
        assert site.get("/sign-in").status_code == 200
        assert site.get("/health/ready").status_code == 200
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize("name", ["granian", "granian, 3 workers", "uvicorn", "hypercorn"])
def test_it_refuses_to_start_and_says_why(name: str, tmp_path: Path) -> None:
    good = environment_for(f"sqlite:///{tmp_path}/new.db", free_port())
    broken = {
        "QUANTIMODO_ISSUER": {"QUANTIMODO_ISSUER": "https://ID.example.org"},
        "No such file or directory": {"QUANTIMODO_DATABASE": "sqlite:////proc/none/x.db"},
    }
    for words, changes in broken.items():
        log = tmp_path / "log"
        with run(name, {**good, **changes}, log) as process:
            process.wait(_PATIENCE)
        assert words in log.read_text()


@pytest.mark.parametrize("name", ["granian, no lifespan", "uvicorn, no lifespan"])
def test_without_lifespan_nothing_is_ready(name: str, tmp_path: Path) -> None:
    port = free_port()
    environment = environment_for(f"sqlite:///{tmp_path}/new.db", port)
    with run(name, environment, tmp_path / "log") as process, _site(port) as site:
        for path in ("/health/ready", "/.well-known/jwks.json", "/sign-in"):
            response = _response(site, path, process)
            assert response.status_code == 503
            assert "lifespan" in response.json()["error_description"]
