"""A site with nobody in it yet, and a visitor."""

from collections.abc import AsyncIterator, Iterator

import pytest

from page_site import Site, Visitor, build
from people import PASSWORD, House, furnish
from quantimodo.model.users import User
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.stores import Stores


@pytest.fixture
def house(stores: Stores, clock: Clock, entropy: Entropy) -> Iterator[House]:
    furnished = furnish(stores, clock, entropy)
    yield furnished
    furnished.hasher.close()


@pytest.fixture
def site(house: House) -> Site:
    return build(house)


@pytest.fixture
async def visitor(site: Site) -> AsyncIterator[Visitor]:
    """A browser in which nobody is signed in."""
    async with site.visitor() as somebody:
        yield somebody


@pytest.fixture
async def user(house: House) -> User:
    """Ann, who has an account and a confirmed address."""
    return await house.member()


@pytest.fixture
async def ann(visitor: Visitor, user: User) -> Visitor:
    """The browser in which Ann is signed in."""
    assert user.email is not None
    await visitor.sign_in(user.email, PASSWORD)
    return visitor
