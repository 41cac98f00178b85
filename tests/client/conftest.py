"""Fixtures of the Python client's tests: recorded and real servers, and clients for them."""

import json
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from certificates import own_certificate
from recorded_server import RecordedResponse, RecordedServer
from session_driver import ME, SESSIONS, SessionDriver, stored_token
from target_server import TargetServer, target_in_process
from terminal_user import TerminalUser

import swagger_client
from support.app import CALLBACK, AppHarness
from support.live_server import Live, open_live_on, open_server
from support.workers import Workers


@pytest.fixture
def recorded_server() -> Iterator[RecordedServer]:
    with RecordedServer().running() as server:
        yield server


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate and its key, in one file."""
    path = tmp_path / "certificate.pem"
    path.write_bytes(own_certificate())
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[RecordedServer]:
    """A recorded server with the self-signed certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with RecordedServer(context).running() as server:
        server.on(ME, RecordedResponse(body={"id": 1}))
        yield server


@pytest.fixture
def settings() -> Iterator[swagger_client.Configuration]:
    """`swagger_client.configuration`, whose fields are restored afterwards."""
    settings = swagger_client.configuration
    before = dict(vars(settings))
    yield settings
    settings.logger_file, settings.debug = None, False
    if settings.api_client is not None:
        settings.api_client.close()
    vars(settings).update(before)


@pytest.fixture
def configured(
    settings: swagger_client.Configuration, recorded_server: RecordedServer
) -> swagger_client.Configuration:
    """The same, for the recorded server."""
    settings.host = recorded_server.host
    settings.timeout = 10.0
    return settings


NewDriver = Callable[..., SessionDriver]


@pytest.fixture(params=SESSIONS, ids=["sync", "async"])
async def new_driver(
    request: pytest.FixtureRequest, recorded_server: RecordedServer
) -> AsyncIterator[NewDriver]:
    """`new_driver(store=…)`: a session of either kind with the recorded server."""
    drivers: list[SessionDriver] = []

    def made(**given: Any) -> SessionDriver:
        drivers.append(SessionDriver(request.param, recorded_server, **given))
        return drivers[-1]

    yield made
    for each in drivers:
        await each.close()


@pytest.fixture(scope="session")
def real_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    """One for all tests; each has its own person and application."""
    with open_server(tmp_path_factory.mktemp("real")) as opened:
        yield opened


@pytest.fixture
async def live(real_server: Workers) -> AsyncIterator[Live]:
    async with open_live_on(real_server) as opened:
        yield opened


@pytest.fixture
async def over_a_socket(live: Live) -> TargetServer:
    await live.person()
    return TargetServer(live.address, await live.app(CALLBACK), live.browser, live.allow, {})


@pytest.fixture
async def in_process(harness: AppHarness) -> TargetServer:
    await harness.person()
    return target_in_process(harness, await harness.app())


@pytest.fixture(params=["in_process", pytest.param("over_a_socket", marks=pytest.mark.slow)])
def target(request: pytest.FixtureRequest) -> TargetServer:
    found: TargetServer = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def user(tmp_path: Path) -> TerminalUser:
    return TerminalUser(tmp_path / "config" / "client")


@pytest.fixture
def signed_in(user: TerminalUser, recorded_server: RecordedServer) -> TerminalUser:
    account = {"server": recorded_server.address, "client_id": "some-client", "scope": "basic"}
    user.folder.mkdir(parents=True)
    (user.folder / "account.json").write_text(json.dumps(account))
    user.store.save(stored_token())
    return user
