"""What every test may ask for: a clock that stands still, entropy that repeats, a real database."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from quantimodo.federation.contract import Provider
from quantimodo.ports.document_fetcher import DocumentFetcher
from quantimodo.ports.stores import Stores
from quantimodo.storage.open import migrate, open_stores
from support.app import (
    AppHarness,
    OpenHarness,
    PreparedDatabase,
    open_app_harness,
    prepare_database,
    settings_for,
)
from support.environment import FrozenClock, SeededEntropy

_START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

pytest_plugins = [
    "support.postgres",
    "support.live_server",
]  # a PostgreSQL server with databases; a live server


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
    *("tests/measurements/", "tests/pages/", "tests/properties/", "tests/federation/"),
)


@pytest.fixture(scope="session")
def prepared_database(tmp_path_factory: pytest.TempPathFactory) -> PreparedDatabase:
    """Made once a run: to make keys and schema for each test would cost most of the time."""
    folder = tmp_path_factory.mktemp("foundation")
    settings = settings_for(f"sqlite:///{folder}/foundation.db", folder)
    return asyncio.run(prepare_database(settings, FrozenClock(_START), SeededEntropy(1)))


@pytest.fixture
def open_harness(
    prepared_database: PreparedDatabase, tmp_path: Path, clock: FrozenClock, entropy: SeededEntropy
) -> OpenHarness:
    """Servers with settings of their own: `async with worlds(legacy_transport="false") as it`."""

    def opened(
        providers: Sequence[Provider] | None = None,
        fetcher: DocumentFetcher | None = None,
        internet: httpx.AsyncBaseTransport | None = None,
        **changes: str,
    ) -> AbstractAsyncContextManager[AppHarness]:
        settings = settings_for(f"sqlite:///{tmp_path}/world.db", tmp_path, **changes)
        return open_app_harness(
            settings, clock, entropy, prepared_database, providers, fetcher, internet
        )

    return opened


@pytest.fixture
async def harness(open_harness: OpenHarness) -> AsyncIterator[AppHarness]:
    """The whole server in process, over a fresh SQLite file."""
    async with open_harness() as opened:
        yield opened


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts the real command, what is another party (the Python client, clients of others,
    the sandbox, providers), and rooms whose tests are many, are for `make test`: `make check`
    stays under a minute. Who changes one of those rooms runs it by its folder."""
    for item in items:
        if any(room in item.nodeid for room in _FOR_THE_WHOLE):
            item.add_marker("slow")
