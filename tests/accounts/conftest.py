"""The account services over each engine, for the tests of accounts."""

from collections.abc import Iterator

import pytest

from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.stores import Stores
from support.account_services import AccountServices, open_account_services


@pytest.fixture
def services(stores: Stores, clock: Clock, entropy: Entropy) -> Iterator[AccountServices]:
    built = open_account_services(stores, clock, entropy)
    yield built
    built.hasher.close()
