"""security.md §18: no session id that an attacker knew before is valid after."""

from collections.abc import Awaitable, Callable

import pytest

from quantimodo.accounts.errors import DomainError
from quantimodo.crypto.tokens import Kind, mint
from quantimodo.model.secrets import Secret
from support.account_services import ADDRESS, PASSWORD, AccountServices

FRESH = "the owner's new one"


async def test_a_planted_cookie_never_becomes_a_session(services: AccountServices) -> None:
    await services.member()
    planted = mint(Kind.SESSION, services.clock.now(), services.entropy).raw
    cookie = await services.sign_in(replaces=planted)
    assert cookie.reveal() != planted.reveal()
    assert not await services.is_live(planted)


async def test_the_attackers_own_session_in_the_victims_browser_ends(
    services: AccountServices,
) -> None:
    await services.member("attacker@example.org")
    await services.member()
    planted = await services.sign_in("attacker@example.org")
    victims = await services.sign_in(replaces=planted)
    assert not await services.is_live(planted)
    assert (await services.session(victims)).user.email == "ann@example.org"


async def test_a_refused_sign_in_begins_and_ends_nothing(services: AccountServices) -> None:
    ann = await services.member()
    cookie = await services.sign_in()
    with pytest.raises(DomainError, match="not right"):
        await services.sign_in(password="wrong one", replaces=cookie)
    assert await services.is_live(cookie)
    assert len(await services.sessions.list(ann.id)) == 1


async def by_password(services: AccountServices, cookie: Secret) -> Secret:
    session = await services.session(cookie)
    return await services.accounts.changes.change_password(session, Secret(PASSWORD), Secret(FRESH))


async def by_address(services: AccountServices, cookie: Secret) -> Secret:
    session = await services.session(cookie)
    return await services.accounts.changes.change_email(
        session, Secret(PASSWORD), "moved@example.org"
    )


async def by_sign_in(services: AccountServices, cookie: Secret) -> Secret:
    return await services.sign_in(replaces=cookie)


async def by_reset(services: AccountServices, cookie: Secret) -> Secret:
    await services.accounts.recovery.request_reset("ann@example.org", address=ADDRESS)
    email_token = await services.email_token("/reset/new")
    return (await services.reset(email_token, FRESH, replaces=cookie)).session_cookie


@pytest.mark.parametrize("again", [by_password, by_address, by_sign_in, by_reset])
async def test_each_proof_of_who_one_is_gives_a_new_session_id(
    services: AccountServices, again: Callable[[AccountServices, Secret], Awaitable[Secret]]
) -> None:
    await services.member()
    known_before = await services.sign_in()
    after = await again(services, known_before)
    assert after.reveal() != known_before.reveal()
    assert not await services.is_live(known_before)
    assert await services.is_live(after)
