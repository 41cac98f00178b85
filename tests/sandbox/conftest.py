"""The sandbox alone."""

from collections.abc import AsyncIterator

import pytest

from quantimodo.ports.clock import Clock, Entropy
from support.sandbox_site import Sandbox, open_sandbox


@pytest.fixture
async def sandbox(clock: Clock, entropy: Entropy) -> AsyncIterator[Sandbox]:
    async with open_sandbox(clock, entropy) as opened:
        yield opened
