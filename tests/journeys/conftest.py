"""Where the journeys go: a furnished house, and a free port."""

import socket
from collections.abc import Iterator
from datetime import timedelta

import pytest

from people import House, furnish
from quantimodo.identity.throttle import Limit, ThrottlePolicy
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.stores import Stores

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
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    return number
