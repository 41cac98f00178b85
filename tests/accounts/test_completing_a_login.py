"""One place starts sessions, after any proof, and only while that proof holds."""

import re
from pathlib import Path

import pytest

import quantimodo
from quantimodo.accounts.errors import DomainError
from quantimodo.accounts.login import IdentityProof, LoginBrowser, PasswordProof
from support.account_services import ADDRESS, AGENT, PASSWORD, AccountServices, profile_of

BROWSER = LoginBrowser(address=ADDRESS, agent=AGENT)
SOURCES = Path(quantimodo.__file__).parent


def test_sessions_start_in_one_place_only() -> None:
    callers = {
        str(path.relative_to(SOURCES))
        for path in SOURCES.rglob("*.py")
        if re.search(r"\bsessions\.start\(", path.read_text("utf-8"))
    }
    assert callers == {"accounts/login.py"}


async def test_the_methods_of_a_session_are_those_of_its_proof(services: AccountServices) -> None:
    await services.member()
    assert (await services.session(await services.sign_in())).methods == ("pwd",)
    assert (await services.session(await services.by_provider())).methods == ("fed",)


async def test_a_reset_link_signs_in_by_the_password_that_it_sets(
    services: AccountServices,
) -> None:
    await services.member()
    await services.accounts.recovery.request_reset("ann@example.org", address=ADDRESS)
    confirmed = await services.reset(await services.email_token("/reset/new"), "another fine one")
    assert (await services.session(confirmed.session_cookie)).methods == ("pwd",)


async def test_a_password_that_was_replaced_starts_no_session(services: AccountServices) -> None:
    ann = await services.member()
    held = await services.stores.users.password_hash(ann.id)
    assert held is not None
    await services.stores.users.set_password(ann.id, "fake hash", services.clock.now())
    with pytest.raises(DomainError):
        await services.login.complete_login(ann, PasswordProof.of(held), BROWSER)
    assert await services.sessions.list(ann.id) == []


async def test_a_sign_up_whose_password_was_reset_at_once_starts_no_session(
    services: AccountServices,
) -> None:
    browser = services.browser()
    await services.sign_up(browser=browser)
    confirmed = await services.confirm(await services.email_token("/confirm"), browser)
    user = (await services.session(confirmed.session_cookie)).user
    held = await services.stores.users.password_hash(user.id)
    assert held is not None
    await services.accounts.recovery.request_reset("new@example.org", address=ADDRESS)
    await services.reset(await services.email_token("/reset/new"), "another fine one")
    with pytest.raises(DomainError):
        await services.login.complete_login(user, PasswordProof.of(held), BROWSER)
    (only,) = await services.sessions.list(user.id)
    assert only.methods == ("pwd",)


async def test_an_identity_that_was_signed_out_starts_no_session(
    services: AccountServices,
) -> None:
    admitted = await services.social.admit(profile_of(), address=ADDRESS)
    identity = admitted.identity
    proof = IdentityProof(
        issuer=identity.issuer,
        subject=identity.subject,
        signed_out_at=identity.signed_out_at,
        methods=("fed",),
    )
    assert (
        await services.security_events.sign_out(identity.issuer, identity.subject)
        == admitted.user.id
    )
    with pytest.raises(DomainError):
        await services.login.complete_login(admitted.user, proof, BROWSER)
    assert await services.sessions.list(admitted.user.id) == []


async def test_an_identity_of_another_person_starts_no_session(services: AccountServices) -> None:
    bob = await services.member("bob@example.org", PASSWORD)
    identity = (await services.social.admit(profile_of(), address=ADDRESS)).identity
    proof = IdentityProof(
        issuer=identity.issuer, subject=identity.subject, signed_out_at=None, methods=("fed",)
    )
    with pytest.raises(DomainError):
        await services.login.complete_login(bob, proof, BROWSER)
    assert await services.sessions.list(bob.id) == []


async def test_a_password_hash_stays_out_of_what_is_printed() -> None:
    assert "fake hash" not in repr(PasswordProof.of("fake hash"))
