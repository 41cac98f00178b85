"""security.md 18: no session id that somebody knew before is good after."""

from collections.abc import Awaitable, Callable

import pytest

from people import ADDRESS, AGENT, PASSWORD, House
from quantimodo.crypto.tokens import Kind, mint
from quantimodo.model.secrets import Secret

FRESH = "the owner's new one"


async def test_a_planted_cookie_never_becomes_a_session(house: House) -> None:
    await house.member()
    planted = mint(Kind.SESSION, house.clock.now(), house.entropy).raw
    cookie = await house.sign_in(replaces=planted)
    assert cookie.reveal() != planted.reveal()
    assert not await house.is_live(planted)


async def test_the_attackers_own_session_in_the_victims_browser_ends(house: House) -> None:
    await house.member("attacker@example.org")
    await house.member()
    planted = await house.sign_in("attacker@example.org")
    victims = await house.sign_in(replaces=planted)
    assert not await house.is_live(planted)
    assert (await house.session(victims)).user.email == "ann@example.org"


async def test_a_refused_sign_in_begins_and_ends_nothing(house: House) -> None:
    ann = await house.member()
    cookie = await house.sign_in()
    with pytest.raises(Exception, match="not right"):
        await house.sign_in(password="wrong one", replaces=cookie)
    assert await house.is_live(cookie)
    assert len(await house.sessions.list(ann.id)) == 1


async def by_password(house: House, cookie: Secret) -> Secret:
    session = await house.session(cookie)
    return await house.accounts.change_password(session, Secret(PASSWORD), Secret(FRESH))


async def by_address(house: House, cookie: Secret) -> Secret:
    session = await house.session(cookie)
    return await house.accounts.change_email(session, Secret(PASSWORD), "moved@example.org")


async def by_sign_in(house: House, cookie: Secret) -> Secret:
    return await house.sign_in(replaces=cookie)


async def by_reset(house: House, cookie: Secret) -> Secret:
    await house.accounts.request_reset("ann@example.org", address=ADDRESS)
    ticket = await house.ticket("/reset/new")
    confirmed = await house.accounts.reset(
        ticket, Secret(FRESH), address=ADDRESS, agent=AGENT, replaces=cookie
    )
    return confirmed.session_cookie


@pytest.mark.parametrize("again", [by_password, by_address, by_sign_in, by_reset])
async def test_each_proof_of_who_one_is_gives_a_new_session_id(
    house: House, again: Callable[[House, Secret], Awaitable[Secret]]
) -> None:
    await house.member()
    known_before = await house.sign_in()
    after = await again(house, known_before)
    assert after.reveal() != known_before.reveal()
    assert not await house.is_live(known_before)
    assert await house.is_live(after)
