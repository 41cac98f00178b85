"""Fixtures: a site without people, and a visitor. The `conftest.py` of a folder imports them."""

from collections.abc import AsyncIterator, Iterator

import pytest

from quantimodo.model.users import User
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.stores import Stores
from support.account_services import PASSWORD, AccountServices, open_account_services
from support.page_site import Site, Visitor, build


@pytest.fixture
def services(stores: Stores, clock: Clock, entropy: Entropy) -> Iterator[AccountServices]:
    built = open_account_services(stores, clock, entropy)
    yield built
    built.hasher.close()


@pytest.fixture
def site(services: AccountServices) -> Site:
    return build(services)


@pytest.fixture
async def visitor(site: Site) -> AsyncIterator[Visitor]:
    """A browser without a session."""
    async with site.visitor() as visitor:
        yield visitor


@pytest.fixture
async def user(services: AccountServices) -> User:
    """Ann, who has an account and a confirmed address."""
    return await services.member()


@pytest.fixture
async def ann(visitor: Visitor, user: User) -> Visitor:
    """The browser in which Ann is signed in."""
    assert user.email is not None
    await visitor.sign_in(user.email, PASSWORD)
    return visitor
