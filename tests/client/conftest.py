"""What tests of the Python client stand on: a recorded server, and the client set up for it."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from driven import SESSIONS, Driven
from recorded import Recorded

import swagger_client


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    with Recorded().running() as server:
        yield server


@pytest.fixture
def settings() -> Iterator[swagger_client.Configuration]:
    """The configuration of the page, as it was again afterwards."""
    settings = swagger_client.configuration
    before = dict(vars(settings))
    yield settings
    settings.debug, settings.logger_file = False, None
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
