"""A fresh database of each engine, a server on it that may be killed, and its integrity checks."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from damage import Integrity, PostgresIntegrity, SqliteIntegrity

from quantimodo.app.composition.services import prepare
from quantimodo.storage.open import sqlite_path
from support.postgres import off_loop
from support.workers import Workers, environment_for, free_port

_ENGINES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=_ENGINES)
def database_url(request: pytest.FixtureRequest, disk_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{disk_path}/crash.db"
    url: str = request.getfixturevalue("empty_postgres_url")
    return url


@pytest.fixture
def integrity(database_url: str, request: pytest.FixtureRequest) -> Integrity:
    path = sqlite_path(database_url)
    if path is not None:
        return SqliteIntegrity(path)
    return PostgresIntegrity(database_url, request.getfixturevalue("postgres_server"))


@pytest.fixture
def prepared(database_url: str, tmp_path: Path) -> Iterator[Callable[[int], Workers]]:
    """Makes a server with this number of workers over a prepared database, without a start."""
    made: list[Workers] = []

    def prepared(count: int) -> Workers:
        # The longest grace that there is: a slow machine may take its time to start again.
        environment = environment_for(database_url, free_port(), tokens__refresh_reuse_grace="60s")
        server = Workers(environment, tmp_path / "server.log", count=count)
        off_loop(lambda: prepare(server.settings))
        made.append(server)
        return server

    yield prepared
    for server in made:
        server.kill()
        assert server.incidents() == []
