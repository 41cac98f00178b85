"""What every test may ask for: a clock that stands still, entropy that repeats, a real database."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from quantimodo.ports.fetch import Fetcher
from quantimodo.ports.stores import Stores
from quantimodo.providers.contract import Provider
from quantimodo.storage.open import migrate, open_stores
from surroundings import FrozenClock, SeededEntropy
from world import Foundation, World, Worlds, lay_foundation, open_world, settings_for

_START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

pytest_plugins = ["postgres", "live"]  # a PostgreSQL server with databases; a live server


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(_START)


@pytest.fixture
def entropy() -> SeededEntropy:
    return SeededEntropy(7)


@pytest.fixture
async def stores(tmp_path: Path, clock: FrozenClock) -> AsyncIterator[Stores]:
    """The whole of the storage over a fresh SQLite file."""
    url = f"sqlite:///{tmp_path}/test.db"
    await migrate(url, clock.now())
    opened = await open_stores(url)
    yield opened
    await opened.close()


_FOR_THE_WHOLE = (
    *("tests/cli/", "tests/client/", "tests/interop/", "tests/sandbox/"),
    *("tests/measurements/", "tests/pages/", "tests/properties/", "tests/providers/"),
)


@pytest.fixture(scope="session")
def foundation(tmp_path_factory: pytest.TempPathFactory) -> Foundation:
    """Made once a run: to make keys and schema for each test would cost most of the time."""
    folder = tmp_path_factory.mktemp("foundation")
    settings = settings_for(f"sqlite:///{folder}/foundation.db", folder)
    return asyncio.run(lay_foundation(settings, FrozenClock(_START), SeededEntropy(1)))


@pytest.fixture
def worlds(
    foundation: Foundation, tmp_path: Path, clock: FrozenClock, entropy: SeededEntropy
) -> Worlds:
    """Servers with settings of their own: `async with worlds(legacy_transport="false") as it`."""

    def opened(
        providers: Sequence[Provider] | None = None,
        fetcher: Fetcher | None = None,
        internet: httpx.AsyncBaseTransport | None = None,
        **changes: str,
    ) -> AbstractAsyncContextManager[World]:
        settings = settings_for(f"sqlite:///{tmp_path}/world.db", tmp_path, **changes)
        return open_world(settings, clock, entropy, foundation, providers, fetcher, internet)

    return opened


@pytest.fixture
async def world(worlds: Worlds) -> AsyncIterator[World]:
    """The whole server in process, over a fresh SQLite file."""
    async with worlds() as opened:
        yield opened


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts the real command, what is another party (the Python client, clients of others,
    the sandbox, providers), and rooms whose tests are many, are for `make test`: `make check`
    stays under a minute. Who changes one of those rooms runs it by its folder."""
    for item in items:
        if any(room in item.nodeid for room in _FOR_THE_WHOLE):
            item.add_marker("slow")
