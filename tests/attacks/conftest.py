"""The house that these tests live in."""

from collections.abc import Iterator

import pytest

from people import House, furnish
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.stores import Stores


@pytest.fixture
def house(stores: Stores, clock: Clock, entropy: Entropy) -> Iterator[House]:
    furnished = furnish(stores, clock, entropy)
    yield furnished
    furnished.hasher.close()
