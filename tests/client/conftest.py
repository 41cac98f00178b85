"""What tests of the Python client stand on: servers, recorded and real, and the client set up
for them.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from certificates import own_certificate
from driven import ME, SESSIONS, Driven, held
from places import Place, ThroughLoop
from recorded import Answer, Recorded
from terminals import Person

import swagger_client
from support.app import CALLBACK, AppHarness, answer_of
from support.live_server import Live


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    with Recorded().running() as server:
        yield server


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate that nobody vouches for, and its key, in one file."""
    path = tmp_path / "certificate.pem"
    path.write_bytes(own_certificate())
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[Recorded]:
    """A recorded server that shows it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Recorded(context).running() as server:
        server.on(ME, Answer(body={"id": 1}))
        yield server


@pytest.fixture
def settings() -> Iterator[swagger_client.Configuration]:
    """The configuration of the page, as it was again afterwards."""
    settings = swagger_client.configuration
    before = dict(vars(settings))
    yield settings
    settings.logger_file, settings.debug = None, False
    if settings.api_client is not None:
        settings.api_client.close()
    vars(settings).update(before)


@pytest.fixture
def configured(
    settings: swagger_client.Configuration, recorded: Recorded
) -> swagger_client.Configuration:
    """That configuration, towards the recorded server."""
    settings.host = recorded.host
    settings.timeout = 10.0
    return settings


Drive = Callable[..., Driven]


@pytest.fixture(params=SESSIONS, ids=["sync", "async"])
async def drive(request: pytest.FixtureRequest, recorded: Recorded) -> AsyncIterator[Drive]:
    """`drive(store=…)`: a session of either kind towards the recorded server."""
    driven: list[Driven] = []

    def made(**given: Any) -> Driven:
        driven.append(Driven(request.param, recorded, **given))
        return driven[-1]

    yield made
    for each in driven:
        await each.close()


@pytest.fixture
async def over_a_socket(live: Live) -> Place:
    await live.person()
    return Place(live.address, await live.app(CALLBACK), live.browser, live.allow, {})


@pytest.fixture
async def in_process(harness: AppHarness) -> Place:
    await harness.person()

    async def allow(url: str) -> str:
        browser = await harness.signed_in()
        answer = await browser.get(url)
        if answer.status_code == 200:
            answer = await harness.decide(browser, answer)
        return answer_of(answer).location

    asgi = httpx.ASGITransport(app=harness.application)  # type: ignore[arg-type]
    transports = {
        "OAuthSession": ThroughLoop(asgi, asyncio.get_running_loop()),
        "AsyncOAuthSession": asgi,
    }
    return Place(
        harness.context.settings.issuer, await harness.app(), harness.browser, allow, transports
    )


@pytest.fixture(params=["in_process", pytest.param("over_a_socket", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "config" / "client")


@pytest.fixture
def signed_in(person: Person, recorded: Recorded) -> Person:
    account = {"server": recorded.address, "client_id": "some-client", "scope": "basic"}
    person.folder.mkdir(parents=True)
    (person.folder / "account.json").write_text(json.dumps(account))
    person.store.save(held())
    return person
