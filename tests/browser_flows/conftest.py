"""Fixtures: a server with data, a free port, or several servers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from quantimodo.ports.clock import Clock, Entropy
from support.app import PreparedDatabase
from support.browser import BrowserSetup, open_browser_setup
from support.gallery_fixtures import services
from support.page_gallery import chromium
from support.workers import free_port

__all__ = ["browser_setup", "port", "services"]


@pytest.fixture
def port() -> int:
    return free_port()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One for all tests with `browser_setup`; each opens windows without cookies of others."""
    async with chromium() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def browser_setup(
    tmp_path: Path,
    clock: Clock,
    entropy: Entropy,
    prepared_database: PreparedDatabase,
    browser: Browser,
) -> AsyncIterator[BrowserSetup]:
    """For tests with the mark `asyncio(loop_scope="session")`."""
    async with open_browser_setup(tmp_path, clock, entropy, prepared_database, browser) as opened:
        yield opened
