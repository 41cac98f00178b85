"""One live server for all examples, and a person of it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from support.example_runs import ExamplePerson, new_person
from support.live_server import Live, open_live
from support.npm_projects import node, npm_folder

__all__ = ["node", "npm_folder", "person", "site"]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Live]:
    folder = tmp_path_factory.mktemp("examples")
    async with open_live(folder, mcp__enabled="true") as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def person(site: Live) -> AsyncIterator[ExamplePerson]:
    """Ann Example, new for each test, in a new browser, without measurements."""
    async with new_person(site) as opened:
        yield opened
