"""Where the journeys go: a furnished house, a free port, or the whole street."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from people import House, furnish
from quantimodo.identity.throttle import Limit, ThrottlePolicy
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.stores import Stores
from street import Street, free_port, open_street

_OFTEN = Limit(1000, timedelta(minutes=15))


@pytest.fixture
def house(stores: Stores, clock: Clock, entropy: Entropy) -> Iterator[House]:
    """One that lets people ask for many letters: a tour of all pages does."""
    limits = ThrottlePolicy(
        sign_up_per_account=_OFTEN, reset_per_account=_OFTEN, letter_per_account=_OFTEN
    )
    furnished = furnish(stores, clock, entropy, limits=limits)
    yield furnished
    furnished.hasher.close()


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
async def street(tmp_path: Path, clock: Clock, entropy: Entropy) -> AsyncIterator[Street]:
    async with open_street(tmp_path, clock, entropy) as opened:
        yield opened
