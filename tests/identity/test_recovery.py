"""A forgotten password, and an address to be verified."""

import asyncio
from datetime import timedelta

import pytest

from people import ADDRESS, PASSWORD, House, MovableClock
from quantimodo.identity.errors import InvalidInput, Refused, SignInNeeded, TooMany
from quantimodo.model.secrets import Secret

FRESH = "the owner's new one"


async def ask(house: House, email: str = "ann@example.org") -> str:
    await house.accounts.request_reset(email, address=ADDRESS)
    return await house.ticket("/reset/new")


async def test_a_reset_sets_the_password_and_signs_in(house: House) -> None:
    await house.member()
    confirmed = await house.reset(await ask(house), FRESH)
    assert confirmed.return_to == "/account"
    assert await house.is_live(confirmed.session_cookie)
    assert await house.sign_in(password=FRESH)
    with pytest.raises(Refused):
        await house.sign_in(password=PASSWORD)


async def test_a_reset_ends_every_session(house: House) -> None:
    await house.member()
    cookies = [await house.sign_in() for _ in range(3)]
    await house.reset(await ask(house), FRESH)
    for cookie in cookies:
        assert not await house.is_live(cookie)


async def test_a_reset_verifies_the_address(house: House, clock: MovableClock) -> None:
    await house.member(verified=False)
    confirmed = await house.reset(await ask(house), FRESH)
    session = await house.session(confirmed.session_cookie)
    assert session.user.email_verified_at == clock.now()


async def test_a_reset_tells_the_owner(house: House) -> None:
    await house.member()
    await house.reset(await ask(house), FRESH)
    assert (await house.letters())[0].subject == "Your password was changed"


async def test_a_reset_gives_its_first_password_to_a_person_without_one(house: House) -> None:
    await house.member(password=None)
    await house.reset(await ask(house), FRESH)
    assert await house.sign_in(password=FRESH)


async def test_a_reset_opens_an_account_that_guesses_have_locked(house: House) -> None:
    await house.member()
    for _ in range(10):
        with pytest.raises(Refused):
            await house.sign_in(password="wrong")
    await house.reset(await ask(house), FRESH)
    assert await house.sign_in(password=FRESH)


async def test_a_link_works_once_and_takes_the_others_along(house: House) -> None:
    await house.member()
    first = await ask(house)
    second = await ask(house)
    await house.reset(second, FRESH)
    for spent in (first, second):
        with pytest.raises(Refused):
            await house.reset(spent, "something else again")
    assert await house.sign_in(password=FRESH)


async def test_of_many_resets_at_once_one_wins(house: House) -> None:
    ann = await house.member()
    ticket = await ask(house)
    tries = [house.reset(ticket, f"{FRESH} {number}") for number in range(10)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1
    assert len(await house.sessions.list(ann.id)) == 1


async def test_a_password_that_is_not_taken_spends_no_link(house: House) -> None:
    await house.member()
    ticket = await ask(house)
    with pytest.raises(InvalidInput) as refused:
        await house.reset(ticket, "short")
    assert refused.value.field == "password"
    await house.reset(ticket, FRESH)


async def test_a_link_dies_after_an_hour(house: House, clock: MovableClock) -> None:
    await house.member()
    ticket = await ask(house)
    clock.advance(timedelta(hours=1))
    with pytest.raises(Refused):
        await house.reset(ticket, FRESH)


async def test_a_disabled_person_does_not_come_back_by_a_reset(house: House) -> None:
    ann = await house.member()
    ticket = await ask(house)
    await house.accounts.disable(ann.id)
    with pytest.raises(Refused):
        await house.reset(ticket, FRESH)
    before = len(await house.letters())
    await house.accounts.request_reset("ann@example.org", address=ADDRESS)
    assert len(await house.letters()) == before


async def test_a_deleted_person_does_not_come_back_by_a_reset(house: House) -> None:
    ann = await house.member()
    ticket = await ask(house)
    await house.stores.delete_user(ann.id)
    with pytest.raises(Refused):
        await house.reset(ticket, FRESH)


async def test_a_reset_for_nobody_writes_no_letter(house: House) -> None:
    await house.accounts.request_reset("nobody@example.org", address=ADDRESS)
    assert await house.letters() == []


async def test_a_reset_for_what_is_no_address_says_so(house: House) -> None:
    with pytest.raises(InvalidInput):
        await house.accounts.request_reset("nonsense", address=ADDRESS)


async def test_nobody_is_sent_reset_letters_without_end(house: House) -> None:
    await house.member()
    for number in range(5):
        await house.accounts.request_reset("ann@example.org", address=f"192.0.2.{number}")
    with pytest.raises(TooMany):
        await house.accounts.request_reset("ann@example.org", address="192.0.2.99")
    assert len(await house.letters()) == 5


async def test_what_a_link_is_about_can_be_seen_before(house: House) -> None:
    await house.member()
    pending = await house.accounts.pending(await ask(house), None)
    assert pending is not None
    assert (pending.purpose, pending.email) == ("reset_password", "ann@example.org")
    assert pending.needs_password


async def test_an_address_is_verified_in_its_own_session_and_all_stays(
    house: House, clock: MovableClock
) -> None:
    ann = await house.member(verified=False)
    cookie = await house.sign_in()
    await house.accounts.send_verification(ann)
    ticket = await house.ticket("/verify")
    verified = await house.accounts.verify(ticket, session=await house.session(cookie))
    assert verified is not None
    assert verified.user.email_verified_at == clock.now()
    assert verified.reset_ticket is None
    assert await house.is_live(cookie)
    assert await house.sign_in()
    assert await house.accounts.verify(ticket, session=None) is None


async def test_a_verified_address_needs_no_letter(house: House) -> None:
    await house.accounts.send_verification(await house.member())
    assert await house.letters() == []


async def test_a_second_link_to_a_verified_address_undoes_nothing(house: House) -> None:
    ann = await house.member(verified=False)
    cookie = await house.sign_in()
    await house.accounts.send_verification(ann)
    first = await house.ticket("/verify")
    await house.accounts.send_verification(ann)
    second = await house.ticket("/verify")
    assert await house.accounts.verify(first, session=await house.session(cookie))
    again = await house.accounts.verify(second, session=None)
    assert again is not None
    assert again.reset_ticket is None
    assert await house.is_live(cookie)


async def test_verification_letters_have_an_end_too(house: House) -> None:
    ann = await house.member(verified=False)
    for _ in range(5):
        await house.accounts.send_verification(ann)
    with pytest.raises(TooMany):
        await house.accounts.send_verification(ann)


async def test_a_link_to_an_address_that_was_left_verifies_nothing(house: House) -> None:
    ann = await house.member(verified=False)
    await house.accounts.send_verification(ann)
    ticket = await house.ticket("/verify")
    await house.stores.change_email(ann.id, "other@example.org", None)
    assert await house.accounts.verify(ticket, session=None) is None
    left = await house.stores.user(ann.id)
    assert left is not None
    assert left.email_verified_at is None


async def test_a_move_is_announced_to_the_page(house: House) -> None:
    await house.member()
    session = await house.session(await house.sign_in())
    await house.accounts.change_email(session, Secret(PASSWORD), "Moved@example.org")
    ticket = await house.ticket("/verify")
    pending = await house.accounts.pending(ticket, None)
    assert pending is not None
    assert pending.needs_session
    assert pending.email == "Moved@example.org"
    with pytest.raises(SignInNeeded):
        await house.accounts.verify(ticket, session=None)
