"""Fixtures of a tour of all pages. The `conftest.py` of a folder imports them."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from quantimodo.accounts.limits import Limit, ThrottlePolicy
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.stores import Stores
from support.account_services import AccountServices, open_account_services
from support.second_factor import FakeSecondFactor

_OFTEN = Limit(1000, timedelta(minutes=15))


@pytest.fixture
def services(stores: Stores, clock: Clock, entropy: Entropy) -> Iterator[AccountServices]:
    """One with high e-mail limits, because a tour of all pages sends many."""
    limits = ThrottlePolicy(
        sign_up_per_account=_OFTEN, reset_per_account=_OFTEN, emails_per_account=_OFTEN
    )
    factors = [FakeSecondFactor()]
    built = open_account_services(stores, clock, entropy, limits=limits, factors=factors)
    yield built
    built.hasher.close()
