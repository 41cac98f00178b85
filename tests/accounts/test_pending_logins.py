"""Every kind of first proof waits for a second factor; nothing of it is a session."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from quantimodo.accounts.errors import DomainError
from quantimodo.accounts.login import LoginBrowser, LoginExpired, SecondFactorNeeded
from quantimodo.model.secrets import Secret
from quantimodo.model.sign_in_methods import AcceptedMethods
from quantimodo.ports.clock import Entropy
from quantimodo.ports.stores import Stores
from support.account_services import (
    ADDRESS,
    AGENT,
    PASSWORD,
    AccountServices,
    MovableClock,
    open_account_services,
    profile_of,
)
from support.second_factor import RIGHT, WRONG, FakeSecondFactor

BROWSER = LoginBrowser(address=ADDRESS, agent=AGENT)


@pytest.fixture
def factor() -> FakeSecondFactor:
    return FakeSecondFactor()


@pytest.fixture
async def services(
    stores: Stores, clock: MovableClock, entropy: Entropy, factor: FakeSecondFactor
) -> AsyncIterator[AccountServices]:
    opened = open_account_services(stores, clock, entropy, factors=(factor,))
    yield opened
    opened.hasher.close()


async def by_password(services: AccountServices) -> Secret:
    login = await services.accounts.password_sign_in.sign_in(
        "ann@example.org", Secret(PASSWORD), LoginBrowser(address=ADDRESS, agent=AGENT)
    )
    assert isinstance(login, SecondFactorNeeded)
    return login.pending_cookie


async def by_provider(services: AccountServices) -> Secret:
    admitted = await services.social.admit(profile_of(), address=ADDRESS)
    login = await services.social.begin_session(
        admitted, ("fed",), LoginBrowser(address=ADDRESS, agent=AGENT)
    )
    assert isinstance(login, SecondFactorNeeded)
    return login.pending_cookie


async def by_reset(services: AccountServices) -> Secret:
    await services.accounts.recovery.request_reset("ann@example.org", address=ADDRESS)
    token = await services.email_token("/reset/new")
    confirmed = await services.accounts.recovery.reset(
        token, Secret("another fine one"), address=ADDRESS, agent=AGENT
    )
    assert isinstance(confirmed.login, SecondFactorNeeded)
    return confirmed.login.pending_cookie


@pytest.mark.parametrize(
    ("first", "method"), [(by_password, "pwd"), (by_provider, "fed"), (by_reset, "pwd")]
)
async def test_the_session_has_the_methods_of_both_proofs(
    services: AccountServices, factor: FakeSecondFactor, first: object, method: str
) -> None:
    ann = await services.member()
    factor.people.add(ann.id)
    assert callable(first)
    cookie = await first(services)
    assert await services.sessions.list(ann.id) == []
    with pytest.raises(DomainError):
        await services.login.complete_pending(cookie, Secret(WRONG), BROWSER)
    assert await services.sessions.list(ann.id) == []
    started = await services.login.complete_pending(cookie, Secret(RIGHT), BROWSER)
    assert (await services.session(started.cookie)).methods == (method, "otp", "mfa")
    with pytest.raises(LoginExpired):
        await services.login.complete_pending(cookie, Secret(RIGHT), BROWSER)


async def test_an_identity_that_was_unlinked_meanwhile_completes_no_login(
    services: AccountServices, factor: FakeSecondFactor, clock: MovableClock
) -> None:
    ann = await services.member()
    factor.people.add(ann.id)
    cookie = await by_provider(services)
    (identity,) = await services.social.identities(ann.id)
    assert await services.stores.identities.delete_identity(
        ann.id, identity.id, AcceptedMethods("id.example.org")
    )
    with pytest.raises(DomainError):
        await services.login.complete_pending(cookie, Secret(RIGHT), BROWSER)
    assert await services.sessions.list(ann.id) == []


async def test_nothing_but_its_cookie_completes_a_login(
    services: AccountServices, factor: FakeSecondFactor, clock: MovableClock
) -> None:
    ann = await services.member()
    factor.people.add(ann.id)
    cookie = await by_password(services)
    for other in (None, Secret(""), Secret("qmy_" + "A" * 52), Secret(cookie.reveal() + "x")):
        with pytest.raises(LoginExpired):
            await services.login.complete_pending(other, Secret(RIGHT), BROWSER)
    clock.advance(timedelta(minutes=10))
    with pytest.raises(LoginExpired):
        await services.login.complete_pending(cookie, Secret(RIGHT), BROWSER)
