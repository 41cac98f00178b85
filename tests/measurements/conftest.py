"""Each test of this folder that uses a database runs on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from api_client import ALL, ApiClient, open_client
from measurement_database import MeasurementDatabase

from quantimodo.ports.clock import Clock
from quantimodo.storage.open import migrate, open_stores
from support.app import AppHarness, PreparedDatabase, open_app_harness, settings_for
from support.environment import FrozenClock, SeededEntropy


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
async def harness(
    request: pytest.FixtureRequest,
    engine: str,
    prepared_database: PreparedDatabase,
    tmp_path: Path,
    clock: FrozenClock,
    entropy: SeededEntropy,
) -> AsyncIterator[AppHarness]:
    """The whole server in process, over a fresh database."""
    url = f"sqlite:///{tmp_path}/server.db"
    if engine == "postgres":
        url = request.getfixturevalue("postgres_url")
    settings = settings_for(url, tmp_path)
    async with open_app_harness(settings, clock, entropy, prepared_database) as harness:
        yield harness


@pytest.fixture
async def database(
    request: pytest.FixtureRequest, engine: str, tmp_path: Path, clock: Clock
) -> AsyncIterator[MeasurementDatabase]:
    """The measurement service over a fresh database, without a server."""
    url = f"sqlite:///{tmp_path}/database.db"
    if engine == "sqlite":
        await migrate(url, clock.now())
    else:
        url = request.getfixturevalue("postgres_url")
    stores = await open_stores(url)
    yield MeasurementDatabase(stores, clock)
    await stores.close()


@pytest.fixture
async def app(harness: AppHarness) -> ApiClient:
    """A client that may read and write the measurements of Ann."""
    await harness.person()
    return await open_client(harness, ALL)
