"""The contract holds on both engines: every world here is opened on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from surroundings import FrozenClock, SeededEntropy
from world import Foundation, World, open_world, settings_for


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def world(
    request: pytest.FixtureRequest,
    foundation: Foundation,
    tmp_path: Path,
    clock: FrozenClock,
    entropy: SeededEntropy,
) -> AsyncIterator[World]:
    """The whole server in process, over a fresh database."""
    if request.param == "sqlite":
        settings = settings_for(f"sqlite:///{tmp_path}/world.db", tmp_path)
        async with open_world(settings, clock, entropy, foundation) as opened:
            yield opened
    else:
        settings = settings_for(request.getfixturevalue("postgres_url"), tmp_path)
        async with open_world(settings, clock, entropy) as opened:
            yield opened
