"""Fixtures: a server with data, a free port, or several servers."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from quantimodo.accounts.limits import Limit, ThrottlePolicy
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.stores import Stores
from support.account_services import AccountServices, open_account_services
from support.app import PreparedDatabase
from support.browser import BrowserSetup, free_port, open_browser_setup
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


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
async def browser_setup(
    tmp_path: Path, clock: Clock, entropy: Entropy, prepared_database: PreparedDatabase
) -> AsyncIterator[BrowserSetup]:
    async with open_browser_setup(tmp_path, clock, entropy, prepared_database) as opened:
        yield opened
