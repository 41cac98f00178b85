"""What every test may ask for: a clock that stands still, entropy that repeats, a real database."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from quantimodo.ports.stores import Stores
from quantimodo.storage.open import migrate, open_stores
from world import World, open_world, settings_for

pytest_plugins = ["postgres"]  # `tests/postgres.py`: a server, and databases on it


class FrozenClock:
    """A clock that moves only when told to."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        self._now += by


class SeededEntropy:
    """Bytes that are the same in each run of a test, and differ within one."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 11, 23, 12, 0, tzinfo=UTC))


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


@pytest.fixture
async def world(tmp_path: Path, clock: FrozenClock, entropy: SeededEntropy) -> AsyncIterator[World]:
    """The whole server in process, over a fresh SQLite file."""
    settings = settings_for(f"sqlite:///{tmp_path}/world.db", tmp_path)
    async with open_world(settings, clock, entropy) as opened:
        yield opened
