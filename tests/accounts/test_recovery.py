"""A forgotten password, and an address to be verified."""

import asyncio
from datetime import timedelta

import pytest

from quantimodo.accounts.errors import DomainError, InvalidInput, SignInNeeded, TooMany
from quantimodo.model.secrets import Secret
from support.account_services import ADDRESS, PASSWORD, AccountServices, MovableClock

FRESH = "the owner's new one"


async def ask(services: AccountServices, email: str = "ann@example.org") -> str:
    await services.accounts.recovery.request_reset(email, address=ADDRESS)
    return await services.email_token("/reset/new")


async def test_a_reset_sets_the_password_and_signs_in(services: AccountServices) -> None:
    await services.member()
    confirmed = await services.reset(await ask(services), FRESH)
    assert confirmed.return_to == "/account"
    assert await services.is_live(confirmed.session_cookie)
    assert await services.sign_in(password=FRESH)
    with pytest.raises(DomainError):
        await services.sign_in(password=PASSWORD)


async def test_a_reset_ends_every_session(services: AccountServices) -> None:
    await services.member()
    cookies = [await services.sign_in() for _ in range(3)]
    await services.reset(await ask(services), FRESH)
    for cookie in cookies:
        assert not await services.is_live(cookie)


async def test_a_reset_verifies_the_address(services: AccountServices, clock: MovableClock) -> None:
    await services.member(verified=False)
    confirmed = await services.reset(await ask(services), FRESH)
    session = await services.session(confirmed.session_cookie)
    assert session.user.email_verified_at == clock.now()


async def test_a_reset_notifies_the_owner(services: AccountServices) -> None:
    await services.member()
    await services.reset(await ask(services), FRESH)
    assert (await services.emails())[0].subject == "Your password was changed"


async def test_a_reset_gives_its_first_password_to_a_person_without_one(
    services: AccountServices,
) -> None:
    await services.member(password=None)
    await services.reset(await ask(services), FRESH)
    assert await services.sign_in(password=FRESH)


async def test_a_reset_opens_an_account_that_guesses_have_locked(services: AccountServices) -> None:
    await services.member()
    for _ in range(10):
        with pytest.raises(DomainError):
            await services.sign_in(password="wrong")
    await services.reset(await ask(services), FRESH)
    assert await services.sign_in(password=FRESH)


async def test_a_link_works_once_and_takes_the_others_along(services: AccountServices) -> None:
    await services.member()
    first = await ask(services)
    second = await ask(services)
    await services.reset(second, FRESH)
    for spent in (first, second):
        with pytest.raises(DomainError):
            await services.reset(spent, "something else again")
    assert await services.sign_in(password=FRESH)


async def test_of_many_resets_at_once_one_wins(services: AccountServices) -> None:
    ann = await services.member()
    email_token = await ask(services)
    tries = [services.reset(email_token, f"{FRESH} {number}") for number in range(10)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1
    assert len(await services.sessions.list(ann.id)) == 1


async def test_a_password_that_is_not_taken_spends_no_link(services: AccountServices) -> None:
    await services.member()
    email_token = await ask(services)
    with pytest.raises(InvalidInput) as refused:
        await services.reset(email_token, "short")
    assert refused.value.field == "password"
    await services.reset(email_token, FRESH)


async def test_a_link_expires_after_an_hour(services: AccountServices, clock: MovableClock) -> None:
    await services.member()
    email_token = await ask(services)
    clock.advance(timedelta(hours=1))
    with pytest.raises(DomainError):
        await services.reset(email_token, FRESH)


async def test_a_disabled_person_does_not_come_back_by_a_reset(services: AccountServices) -> None:
    ann = await services.member()
    email_token = await ask(services)
    await services.accounts.administration.disable(ann.id)
    with pytest.raises(DomainError):
        await services.reset(email_token, FRESH)
    before = len(await services.emails())
    await services.accounts.recovery.request_reset("ann@example.org", address=ADDRESS)
    assert len(await services.emails()) == before


async def test_a_deleted_person_does_not_come_back_by_a_reset(services: AccountServices) -> None:
    ann = await services.member()
    email_token = await ask(services)
    await services.stores.users.delete_user(ann.id, services.clock.now())
    with pytest.raises(DomainError):
        await services.reset(email_token, FRESH)


async def test_a_reset_for_an_unknown_address_sends_no_email(services: AccountServices) -> None:
    await services.accounts.recovery.request_reset("unknown@example.org", address=ADDRESS)
    assert await services.emails() == []


async def test_a_reset_for_what_is_not_an_address_says_so(services: AccountServices) -> None:
    with pytest.raises(InvalidInput):
        await services.accounts.recovery.request_reset("nonsense", address=ADDRESS)


async def test_reset_emails_to_one_person_are_limited(services: AccountServices) -> None:
    await services.member()
    for number in range(5):
        await services.accounts.recovery.request_reset(
            "ann@example.org", address=f"192.0.2.{number}"
        )
    with pytest.raises(TooMany):
        await services.accounts.recovery.request_reset("ann@example.org", address="192.0.2.99")
    assert len(await services.emails()) == 5


async def test_the_purpose_of_a_link_is_shown_before_its_use(services: AccountServices) -> None:
    await services.member()
    pending = await services.accounts.recovery.pending(await ask(services))
    assert pending is not None
    assert (pending.purpose, pending.email) == ("reset_password", "ann@example.org")
    assert pending.needs_password


async def test_an_address_is_verified_in_its_own_session_and_all_stays(
    services: AccountServices, clock: MovableClock
) -> None:
    ann = await services.member(verified=False)
    cookie = await services.sign_in()
    await services.accounts.recovery.send_verification(ann)
    email_token = await services.email_token("/verify")
    verified = await services.accounts.recovery.confirm_address(
        email_token, session=await services.session(cookie)
    )
    assert verified is not None
    assert verified.user.email_verified_at == clock.now()
    assert verified.reset_token is None
    assert await services.is_live(cookie)
    assert await services.sign_in()
    assert await services.accounts.recovery.confirm_address(email_token, session=None) is None


async def test_a_verified_address_needs_no_email(services: AccountServices) -> None:
    await services.accounts.recovery.send_verification(await services.member())
    assert await services.emails() == []


async def test_a_second_link_to_a_verified_address_undoes_nothing(
    services: AccountServices,
) -> None:
    ann = await services.member(verified=False)
    cookie = await services.sign_in()
    await services.accounts.recovery.send_verification(ann)
    first = await services.email_token("/verify")
    await services.accounts.recovery.send_verification(ann)
    second = await services.email_token("/verify")
    assert await services.accounts.recovery.confirm_address(
        first, session=await services.session(cookie)
    )
    again = await services.accounts.recovery.confirm_address(second, session=None)
    assert again is not None
    assert again.reset_token is None
    assert await services.is_live(cookie)


async def test_verification_emails_are_limited_too(services: AccountServices) -> None:
    ann = await services.member(verified=False)
    for _ in range(5):
        await services.accounts.recovery.send_verification(ann)
    with pytest.raises(TooMany):
        await services.accounts.recovery.send_verification(ann)


async def test_a_link_to_an_address_that_was_left_verifies_nothing(
    services: AccountServices,
) -> None:
    ann = await services.member(verified=False)
    await services.accounts.recovery.send_verification(ann)
    email_token = await services.email_token("/verify")
    await services.stores.users.change_email(ann.id, "other@example.org", None)
    assert await services.accounts.recovery.confirm_address(email_token, session=None) is None
    left = await services.stores.users.user(ann.id)
    assert left is not None
    assert left.email_verified_at is None


async def test_a_move_is_announced_to_the_page(services: AccountServices) -> None:
    await services.member()
    session = await services.session(await services.sign_in())
    await services.accounts.changes.change_email(session, Secret(PASSWORD), "Moved@example.org")
    email_token = await services.email_token("/verify")
    pending = await services.accounts.recovery.pending(email_token)
    assert pending is not None
    assert pending.needs_session
    assert pending.email == "Moved@example.org"
    with pytest.raises(SignInNeeded):
        await services.accounts.recovery.confirm_address(email_token, session=None)
