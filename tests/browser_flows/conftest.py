"""Fixtures: a server with data, a free port, or several servers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from quantimodo.ports.clock import Clock, Entropy
from support.app import PreparedDatabase
from support.browser import BrowserSetup, free_port, open_browser_setup
from support.gallery_fixtures import services

__all__ = ["browser_setup", "port", "services"]


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
async def browser_setup(
    tmp_path: Path, clock: Clock, entropy: Entropy, prepared_database: PreparedDatabase
) -> AsyncIterator[BrowserSetup]:
    async with open_browser_setup(tmp_path, clock, entropy, prepared_database) as opened:
        yield opened
