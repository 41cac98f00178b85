"""The contract holds on both engines: every world and every diary here is opened on SQLite and on
PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from asking import ALL, App, opened
from diary import Diary

from quantimodo.ports.clock import Clock
from quantimodo.storage.open import migrate, open_stores
from surroundings import FrozenClock, SeededEntropy
from world import Foundation, World, open_world, settings_for


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
async def world(
    request: pytest.FixtureRequest,
    engine: str,
    foundation: Foundation,
    tmp_path: Path,
    clock: FrozenClock,
    entropy: SeededEntropy,
) -> AsyncIterator[World]:
    """The whole server in process, over a fresh database."""
    if engine == "sqlite":
        settings = settings_for(f"sqlite:///{tmp_path}/world.db", tmp_path)
        async with open_world(settings, clock, entropy, foundation) as opened:
            yield opened
    else:
        settings = settings_for(request.getfixturevalue("postgres_url"), tmp_path)
        async with open_world(settings, clock, entropy) as opened:
            yield opened


@pytest.fixture
async def diary(
    request: pytest.FixtureRequest, engine: str, tmp_path: Path, clock: Clock
) -> AsyncIterator[Diary]:
    """The journal over a fresh database, without a server."""
    url = f"sqlite:///{tmp_path}/diary.db"
    if engine == "sqlite":
        await migrate(url, clock.now())
    else:
        url = request.getfixturevalue("postgres_url")
    stores = await open_stores(url)
    yield Diary(stores, clock)
    await stores.close()


@pytest.fixture
async def app(world: World) -> App:
    """An app that may read and write what Ann measures."""
    await world.person()
    return await opened(world, ALL)
