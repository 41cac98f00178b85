"""The storage contract on every engine: `stores` here is each of them in turn."""

from collections.abc import AsyncIterator, Iterator

import pytest
from processes import Contenders, open_contenders
from samples import Samples

from quantimodo.ports.stores import Stores
from quantimodo.storage.open import open_stores

_ENGINES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=_ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """The name of the engine, for tests of what differs."""
    name: str = request.param
    return name


@pytest.fixture
def database_url(engine: str, request: pytest.FixtureRequest) -> str:
    """The address of a fresh database with the current schema."""
    url: str = request.getfixturevalue(f"{engine}_url")
    return url


@pytest.fixture
async def stores(database_url: str) -> AsyncIterator[Stores]:
    opened = await open_stores(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def samples(stores: Stores) -> Samples:
    """Values to store, and the rows that they refer to."""
    return Samples(stores)


@pytest.fixture(scope="session")
def contenders() -> Iterator[Contenders]:
    """Processes that do the same thing at once."""
    with open_contenders() as opened:
        yield opened
