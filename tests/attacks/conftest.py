"""The house that these tests live in."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from people import House, furnish
from quantimodo.app.server import furnish_server
from quantimodo.app.wiring import open_house, prepare
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.stores import Stores
from world import Foundation, World, settings_for


@pytest.fixture
def house(stores: Stores, clock: Clock, entropy: Entropy) -> Iterator[House]:
    furnished = furnish(stores, clock, entropy)
    yield furnished
    furnished.hasher.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def engine(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    clock: Clock,
    entropy: Entropy,
    foundation: Foundation,
) -> AsyncIterator[World]:
    """The server over each engine in turn."""
    url = f"sqlite:///{tmp_path}/odd.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    settings = settings_for(url, tmp_path)
    await prepare(settings, clock, entropy)
    async with open_house(settings, clock, entropy) as house:
        application = await furnish_server(house, foundation.renderer)
        world = World(house, application, tmp_path / "odd.db", foundation.password_hash)
        yield world
        await world.close()
