"""Signing in by e-mail and password, and accounts that the operator makes."""

import asyncio
from datetime import timedelta

import pytest

from quantimodo.accounts.errors import DomainError, InvalidInput, TooMany
from quantimodo.crypto.passwords import HashPolicy
from quantimodo.model.secrets import Secret
from quantimodo.ports.clock import Entropy
from quantimodo.ports.stores import Conflict, Stores
from support.account_services import (
    ADDRESS,
    PASSWORD,
    AccountServices,
    MovableClock,
    open_account_services,
)


async def test_the_right_password_opens_a_session(services: AccountServices) -> None:
    ann = await services.member()
    session = await services.session(await services.sign_in())
    assert session.user.id == ann.id
    assert session.methods == ("pwd",)


@pytest.mark.parametrize("typed", ["ANN@example.ORG", " ann@example.org ", "ａnn@example.org"])
async def test_the_address_may_be_spelled_in_any_case(
    services: AccountServices, typed: str
) -> None:
    await services.member()
    assert await services.sign_in(typed)


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ann@example.org", "wrong"),
        ("ann@example.org", ""),
        ("ann@example.org", "\0"),
        ("ann@example.org", "x" * 100_000),
        ("ann@example.org", "\ud800"),
        ("bob@example.org", PASSWORD),
        ("nonsense", PASSWORD),
        ("", ""),
        ("\ud800", PASSWORD),
        ("a\0@example.org", PASSWORD),
    ],
)
async def test_anything_else_is_refused_in_one_text(
    services: AccountServices, email: str, password: str
) -> None:
    await services.member()
    with pytest.raises(DomainError) as refused:
        await services.sign_in(email, password)
    assert refused.value.message == "The e-mail address or the password is not right."


async def test_a_person_without_a_password_cannot_sign_in_by_one(services: AccountServices) -> None:
    await services.member(password=None)
    for tried in ("", PASSWORD, "None"):
        with pytest.raises(DomainError):
            await services.sign_in(password=tried)


async def test_a_disabled_person_is_refused_like_anybody(services: AccountServices) -> None:
    ann = await services.member()
    await services.accounts.administration.disable(ann.id)
    with pytest.raises(DomainError) as refused:
        await services.sign_in()
    assert refused.value.message == "The e-mail address or the password is not right."
    await services.accounts.administration.enable(ann.id)
    assert await services.sign_in()


async def test_ten_wrong_guesses_stop_even_the_right_one(
    services: AccountServices, clock: MovableClock
) -> None:
    await services.member()
    for number in range(10):
        with pytest.raises(DomainError):
            await services.sign_in(password="wrong", address=f"192.0.2.{number}")
    with pytest.raises(TooMany):
        await services.sign_in(address="192.0.2.200")
    clock.advance(timedelta(minutes=15))
    assert await services.sign_in()


async def test_success_forgets_ones_own_mistakes(services: AccountServices) -> None:
    await services.member()
    for _ in range(3):
        for _ in range(9):
            with pytest.raises(DomainError):
                await services.sign_in(password="wrong")
        await services.sign_in()


async def test_a_refusal_is_in_the_persons_record_without_what_was_typed(
    services: AccountServices,
) -> None:
    ann = await services.member()
    with pytest.raises(DomainError):
        await services.sign_in(password="a secret slip", address="192.0.2.66")
    event = (await services.events(ann))[0]
    assert (event.kind, event.address) == ("session.refused", "192.0.2.66")
    assert "slip" not in repr(event)


async def test_new_parameters_hash_the_password_anew(
    stores: Stores, clock: MovableClock, entropy: Entropy
) -> None:
    before = open_account_services(stores, clock, entropy)
    ann = await before.member()
    after = open_account_services(
        stores, clock, entropy, hashing=HashPolicy(memory_kib=128, passes=1)
    )
    assert await after.sign_in()
    held = await stores.users.password_hash(ann.id)
    assert held is not None
    assert "m=128" in held
    assert await after.sign_in()
    assert await stores.users.password_hash(ann.id) == held
    before.hasher.close()
    after.hasher.close()


async def test_a_sign_in_that_a_reset_overtakes_is_refused(services: AccountServices) -> None:
    """A sign-in by the old password that began before the reset gets no session."""
    ann = await services.member()
    held = await services.accounts.credentials.match(ann, Secret(PASSWORD))
    assert held is not None
    await services.accounts.recovery.request_reset("ann@example.org", address=ADDRESS)
    await services.reset(await services.email_token("/reset/new"), "the owner's new one")
    late = await services.sessions.start(
        ann, methods=("pwd",), address=ADDRESS, agent="", replaces=None
    )
    with pytest.raises(DomainError):
        await services.accounts.credentials.admit(ann, held, late)
    assert not await services.is_live(late)


async def test_sign_ins_and_a_reset_at_once_leave_no_session_of_the_old_password(
    services: AccountServices,
) -> None:
    ann = await services.member()
    await services.accounts.recovery.request_reset("ann@example.org", address=ADDRESS)
    email_token = await services.email_token("/reset/new")
    tries = [services.sign_in(address=f"192.0.2.{number}") for number in range(9)]
    *_, confirmed = await asyncio.gather(
        *tries, services.reset(email_token, "the owner's new one"), return_exceptions=True
    )
    assert not isinstance(confirmed, BaseException)
    (only,) = await services.sessions.list(ann.id)
    assert only.key == (await services.session(confirmed.session_cookie)).key


async def test_the_operator_makes_accounts(services: AccountServices, clock: MovableClock) -> None:
    root = await services.accounts.administration.create(
        email="Root@Example.org", name="Root", password=None, verified=True
    )
    assert root.email == "Root@example.org"
    assert root.email_verified_at == clock.now()
    assert len(root.subject) == 32
    plain = await services.accounts.administration.create(
        email="plain@example.org", name="Plain", password=Secret(PASSWORD)
    )
    assert plain.email_verified_at is None
    assert plain.subject != root.subject
    assert await services.sign_in("plain@example.org")


async def test_no_two_accounts_have_one_address(services: AccountServices) -> None:
    await services.member()
    with pytest.raises(Conflict):
        await services.member("ANN@example.org")


async def test_the_operator_is_held_to_the_same_rules(services: AccountServices) -> None:
    with pytest.raises(InvalidInput):
        await services.member(password="password")
    with pytest.raises(InvalidInput):
        await services.member("nonsense")


async def test_an_unknown_person_cannot_be_disabled(services: AccountServices) -> None:
    assert not await services.accounts.administration.disable(4711)
    assert not await services.accounts.administration.enable(4711)
