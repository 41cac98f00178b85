"""Four worker processes on each engine, which all tests of this folder share."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from quantimodo.app.composition.services import prepare
from support.cluster import Cluster, open_cluster
from support.postgres import off_loop
from support.workers import Workers, environment_for, free_port

_ENGINES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
_WORKERS = 4


@pytest.fixture(scope="session", params=_ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def folder(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp(engine)


@pytest.fixture(scope="session")
def database_url(engine: str, folder: Path, request: pytest.FixtureRequest) -> str:
    if engine == "sqlite":
        return f"sqlite:///{folder}/races.db"
    url: str = request.getfixturevalue("postgres_databases").empty()
    return url


@pytest.fixture(scope="session")
def server(database_url: str, folder: Path) -> Iterator[Workers]:
    """With the default settings, and codes by e-mail."""
    yield from _serve(database_url, folder / "server.log", accounts__email_codes="true")


@pytest.fixture(scope="session")
def graceless_server(database_url: str, folder: Path) -> Iterator[Workers]:
    """Without a grace period for spent refresh tokens."""
    yield from _serve(database_url, folder / "graceless.log", tokens__refresh_reuse_grace="0s")


def _serve(database_url: str, log: Path, **changes: str) -> Iterator[Workers]:
    server = Workers(environment_for(database_url, free_port(), **changes), log, count=_WORKERS)
    off_loop(lambda: prepare(server.settings))
    server.start()
    yield server
    server.kill()
    assert server.incidents() == []


@pytest.fixture
async def cluster(server: Workers) -> AsyncIterator[Cluster]:
    async with open_cluster(server) as opened:
        yield opened


@pytest.fixture
async def graceless_cluster(graceless_server: Workers) -> AsyncIterator[Cluster]:
    async with open_cluster(graceless_server) as opened:
        yield opened
