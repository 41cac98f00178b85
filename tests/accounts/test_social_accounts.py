"""Signing in by an identity elsewhere, linking and unlinking (security.md §18, §22, §24, §27,
§31)."""

import asyncio
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import apsw
import pytest

from quantimodo.accounts.errors import DomainError, LinkNeeded, ReauthenticationNeeded, TooMany
from quantimodo.accounts.login import LoginBrowser
from quantimodo.federation.new_identities import PROVIDER_TOKENS
from quantimodo.federation.social_accounts import Admitted
from quantimodo.model.identities import UpstreamProfile
from quantimodo.model.secrets import Secret
from quantimodo.ports.clock import Entropy
from quantimodo.ports.stores import Stores
from support.account_services import (
    ADDRESS,
    PASSWORD,
    AccountServices,
    MovableClock,
    open_account_services,
    profile_of,
)

ISSUER = "https://provider.example.org"


async def admit(services: AccountServices, **changes: Any) -> Admitted:
    return await services.social.admit(profile_of(**changes), address=ADDRESS)


def sealed_tokens(folder: Path) -> list[bytes | None]:
    with closing(apsw.Connection(str(folder / "test.db"))) as database:
        rows = database.execute("SELECT sealed_refresh_token FROM identities ORDER BY id")
        return [row[0] for row in rows]


# --------------------------------------------------------------------------------------- admit


async def test_a_first_login_makes_an_account_and_the_next_finds_it(
    services: AccountServices, clock: MovableClock
) -> None:
    first = await admit(services)
    assert first.new_user
    assert first.user.email == "ann@example.org"
    assert first.user.email_verified_at == clock.now()
    assert first.user.name == "Ann Elsewhere"
    assert await services.stores.users.password_hash(first.user.id) is None

    clock.advance(timedelta(days=1))
    again = await admit(services, name="Ann Renamed", email="moved@example.org")
    assert not again.new_user
    assert again.user == first.user
    (identity,) = await services.social.identities(first.user.id)
    assert identity == again.identity
    assert (identity.name, identity.email) == ("Ann Renamed", "moved@example.org")
    assert identity.used_at == clock.now()
    events = [(event.kind, event.detail) for event in await services.events(first.user)]
    assert events == [("identity.used", "sample"), ("account.created", "sample")]


@pytest.mark.parametrize(
    "doubt", [{"email_verified": False}, {"email_authoritative": False}], ids=str
)
async def test_an_address_that_is_not_proven_is_kept_and_not_confirmed(
    services: AccountServices, doubt: dict[str, bool]
) -> None:
    admitted = await admit(services, **doubt)
    assert admitted.user.email == "ann@example.org"
    assert admitted.user.email_verified_at is None


@pytest.mark.parametrize("email", [None, "", "nonsense", "a b@example.org", "a\0@example.org"])
async def test_without_a_usable_address_the_account_has_none(
    services: AccountServices, email: str | None
) -> None:
    admitted = await admit(services, email=email)
    assert admitted.user.email is None
    assert admitted.user.email_verified_at is None
    assert admitted.identity.email is None


async def test_addresses_are_compared_in_the_form_that_is_kept(services: AccountServices) -> None:
    ann = await services.member()
    admitted = await admit(services, email="  ANN@Example.ORG ")
    assert admitted.user.id == ann.id


@pytest.mark.parametrize(
    ("name", "email", "shown"),
    [
        ("  Ann \n Example ", "ann@example.org", "Ann Example"),
        ("", "ann@example.org", "ann"),
        ("\u202e\u200d", "ann@example.org", "ann"),
        ("", None, "New person"),
        ("x" * 1000, None, "x" * 100),
        ("a\ud800b\0c", None, "a b c"),
    ],
)
async def test_a_name_is_taken_as_far_as_it_can_be_shown(
    services: AccountServices, name: str, email: str | None, shown: str
) -> None:
    admitted = await admit(services, name=name, email=email)
    assert admitted.user.name == shown
    assert (await admit(services, name=name, email=email)).identity.name == shown


@pytest.mark.parametrize("bad", ["", "x" * 256, "a\0b", "a\nb", "\ud800"])
async def test_a_key_that_no_provider_gives_is_refused(services: AccountServices, bad: str) -> None:
    with pytest.raises(DomainError):
        await admit(services, subject=bad)
    with pytest.raises(DomainError):
        await admit(services, issuer=bad and bad * 2)
    assert await services.stores.users.users() == []


async def test_a_proven_address_links_automatically_and_its_owner_is_notified(
    services: AccountServices,
) -> None:
    ann = await services.member()
    admitted = await admit(services)
    assert (admitted.user.id, admitted.new_user) == (ann.id, False)
    assert await services.stores.users.password_hash(ann.id) is not None
    (email,) = await services.emails()
    assert email.to == "ann@example.org"
    assert email.subject == "A way to sign in was added"
    assert [event.kind for event in await services.events(ann)][:1] == ["identity.linked"]


@pytest.mark.parametrize(
    ("verified_here", "doubt"),
    [
        (True, {"email_verified": False}),
        (True, {"email_authoritative": False}),
        (False, {}),
    ],
)
async def test_otherwise_the_owner_has_to_sign_in_first(
    services: AccountServices, verified_here: bool, doubt: dict[str, bool]
) -> None:
    ann = await services.member(verified=verified_here)
    with pytest.raises(LinkNeeded) as needed:
        await admit(services, **doubt)
    assert needed.value.email == "ann@example.org"
    assert await services.social.identities(ann.id) == []
    assert len(await services.stores.users.users()) == 1
    assert await services.emails() == []


async def test_a_disabled_person_is_not_let_in(services: AccountServices) -> None:
    admitted = await admit(services)
    await services.accounts.administration.disable(admitted.user.id)
    with pytest.raises(DomainError, match="disabled"):
        await admit(services)
    assert (await services.events(admitted.user))[0].kind == "identity.refused"


async def test_a_closed_server_creates_no_person_and_knows_existing_ones(
    stores: Stores, clock: MovableClock, entropy: Entropy
) -> None:
    services = open_account_services(stores, clock, entropy, sign_up="closed")
    try:
        with pytest.raises(DomainError, match="no new accounts"):
            await admit(services)
        ann = await services.member()
        assert (await admit(services)).user.id == ann.id
    finally:
        services.hasher.close()


async def test_sign_ins_are_counted_by_address(services: AccountServices) -> None:
    for _ in range(100):
        await admit(services)
    with pytest.raises(TooMany):
        await admit(services)
    elsewhere = await services.social.admit(profile_of(), address="198.51.100.1")
    assert not elsewhere.new_user


async def test_first_logins_at_once_make_one_person(services: AccountServices) -> None:
    came = await asyncio.gather(*(admit(services) for _ in range(20)))
    assert len({one.user.id for one in came}) == 1
    assert [one.new_user for one in came].count(True) == 1
    assert len(await services.stores.users.users()) == 1


async def test_first_logins_at_once_with_one_address_make_one_person(
    services: AccountServices,
) -> None:
    """Of two identities with one proven address, one makes the account, the other is linked."""
    came = await asyncio.gather(*(admit(services, subject=f"elsewhere-{n}") for n in range(5)))
    assert len({one.user.id for one in came}) == 1
    assert len(await services.social.identities(came[0].user.id)) == 5


async def test_one_subject_at_another_issuer_is_another_person(services: AccountServices) -> None:
    first = await admit(services, email=None)
    second = await admit(services, email=None, issuer="https://other.example.org")
    assert first.user.id != second.user.id


# ------------------------------------------------------------------------------------- sessions


async def test_a_session_is_begun_for_who_was_admitted(
    services: AccountServices, clock: MovableClock
) -> None:
    session = await services.session(await services.by_provider())
    assert session.methods == ("fed",)
    assert session.authenticated_at == clock.now()


async def test_no_session_begins_for_an_identity_that_was_dropped_meanwhile(
    services: AccountServices,
) -> None:
    admitted = await admit(services)
    assert await services.stores.identities.end_identity(
        ISSUER, "elsewhere-1", services.clock.now()
    )
    with pytest.raises(DomainError):
        await services.social.begin_session(
            admitted, ("fed",), LoginBrowser(address=ADDRESS, agent="")
        )
    assert await services.sessions.list(admitted.user.id) == []


# --------------------------------------------------------------------------------------- tokens


async def test_a_refresh_token_is_kept_encrypted(services: AccountServices, tmp_path: Path) -> None:
    await admit(services, refresh_token=Secret("provider's secret"))
    await admit(services)  # without one: the one before stays
    (sealed,) = sealed_tokens(tmp_path)
    assert sealed is not None
    assert b"secret" not in sealed
    assert services.envelope.open(sealed, PROVIDER_TOKENS) == b"provider's secret"
    await admit(services, refresh_token=Secret("the next"))
    (sealed,) = sealed_tokens(tmp_path)
    assert sealed is not None
    assert services.envelope.open(sealed, PROVIDER_TOKENS) == b"the next"


@pytest.mark.parametrize("odd", ["", "x" * 10_000])
async def test_an_odd_refresh_token_is_left_out(
    services: AccountServices, tmp_path: Path, odd: str
) -> None:
    await admit(services, refresh_token=Secret(odd))
    assert sealed_tokens(tmp_path) == [None]


# ----------------------------------------------------------------------------- link and unlink


async def test_a_fresh_session_links_and_its_owner_is_notified(services: AccountServices) -> None:
    ann = await services.member()
    session = await services.session(await services.sign_in())
    identity = await services.social.link(session, profile_of(email="other@example.org"))
    assert await services.social.identities(ann.id) == [identity]
    assert (await admit(services, email=None)).user.id == ann.id
    assert (await services.emails())[0].to == "ann@example.org"
    # Once more is no fault, and nothing new.
    assert (
        await services.social.link(session, profile_of())
        == (await services.social.identities(ann.id))[0]
    )
    assert len(await services.emails()) == 1


async def test_an_identity_of_another_account_is_never_linked(services: AccountServices) -> None:
    ben = await admit(services, email="ben@example.org")
    await services.member()
    session = await services.session(await services.sign_in())
    with pytest.raises(DomainError, match="another account"):
        await services.social.link(session, profile_of())
    assert (await admit(services)).user.id == ben.user.id
    assert await services.social.identities(session.user.id) == []


async def test_an_old_session_neither_links_nor_unlinks(
    services: AccountServices, clock: MovableClock
) -> None:
    await services.member()
    session = await services.session(await services.sign_in())
    identity = await services.social.link(session, profile_of())
    clock.advance(timedelta(minutes=10))
    await services.social.link(session, profile_of("2"))
    clock.advance(timedelta(microseconds=1))
    with pytest.raises(ReauthenticationNeeded):
        await services.social.link(session, profile_of("3"))
    with pytest.raises(ReauthenticationNeeded):
        await services.social.unlink(session, identity.id)
    assert len(await services.social.identities(session.user.id)) == 2


async def test_a_session_that_was_ended_links_nothing(services: AccountServices) -> None:
    await services.member()
    session = await services.session(await services.sign_in())
    await services.sessions.end(session)
    with pytest.raises(DomainError, match="signed out"):
        await services.social.link(session, profile_of())
    assert await services.social.identities(session.user.id) == []


async def test_an_identity_is_unlinked_and_its_owner_is_notified(services: AccountServices) -> None:
    ann = await services.member()
    session = await services.session(await services.sign_in())
    identity = await services.social.link(session, profile_of())
    await services.social.unlink(session, identity.id)
    assert await services.social.identities(ann.id) == []
    assert (await services.emails())[0].subject == "A way to sign in was removed"
    kinds = [event.kind for event in await services.events(ann)]
    assert kinds[:2] == ["identity.unlinked", "identity.linked"]
    with pytest.raises(DomainError):
        await services.social.unlink(session, identity.id)


async def test_the_last_sign_in_method_and_another_persons_identity_are_not_unlinked(
    services: AccountServices,
) -> None:
    session = await services.session(await services.by_provider())
    other = await admit(services, subject="2", email="ben@example.org")
    (mine,) = await services.social.identities(session.user.id)
    with pytest.raises(DomainError, match="last way"):
        await services.social.unlink(session, mine.id)
    with pytest.raises(DomainError, match="not linked"):
        await services.social.unlink(session, other.identity.id)
    assert await services.social.identities(session.user.id) == [mine]
    assert len(await services.social.identities(other.user.id)) == 1


# -------------------------------------------------------------------- security events of providers


async def test_an_ended_identity_ends_its_sessions_and_notifies(
    services: AccountServices,
) -> None:
    cookie = await services.by_provider()
    user = (await services.session(cookie)).user
    assert await services.security_events.end(ISSUER, "elsewhere-1") == user.id
    assert not await services.is_live(cookie)
    assert await services.social.identities(user.id) == []
    assert await services.stores.users.user(user.id) is not None
    assert (await services.emails())[0].subject == "A way to sign in has ended"
    assert (await services.events(user))[0].kind == "identity.ended"
    assert await services.security_events.end(ISSUER, "elsewhere-1") is None
    # The address was proven, so the person gets back in by a mailed link.
    await services.accounts.recovery.request_reset("ann@example.org", address=ADDRESS)
    await services.reset(await services.email_token("/reset/new"), PASSWORD)
    assert await services.sign_in()


async def test_signed_out_there_is_signed_out_here(services: AccountServices) -> None:
    cookie = await services.by_provider()
    user = (await services.session(cookie)).user
    assert await services.security_events.sign_out(ISSUER, "elsewhere-1") == user.id
    assert not await services.is_live(cookie)
    assert len(await services.social.identities(user.id)) == 1
    assert await services.security_events.sign_out(ISSUER, "unknown") is None
    assert (await services.events(user))[0].kind == "identity.signed_out"


async def test_a_profile_of_before_the_sign_out_opens_nothing(
    services: AccountServices, clock: MovableClock
) -> None:
    stated_at = clock.now()
    admitted = await admit(services, stated_at=stated_at)
    clock.advance(timedelta(minutes=1))
    await services.security_events.sign_out(ISSUER, "elsewhere-1")
    assert not await services.social.stands(admitted)
    for moment in (stated_at, clock.now()):
        with pytest.raises(DomainError, match="has ended this sign-in"):
            await admit(services, stated_at=moment)
    clock.advance(timedelta(seconds=1))
    again = await admit(services, stated_at=clock.now())
    assert again.user == admitted.user
    assert await services.social.stands(again)
    assert await services.social.stands(await admit(services))  # in a browser: it is said just now


async def test_no_session_begins_for_an_identity_that_was_signed_out_meanwhile(
    services: AccountServices,
) -> None:
    admitted = await admit(services)
    await services.security_events.sign_out(ISSUER, "elsewhere-1")
    with pytest.raises(DomainError):
        await services.social.begin_session(
            admitted, ("fed",), LoginBrowser(address=ADDRESS, agent="")
        )
    assert not await services.sessions.list(admitted.user.id)


async def test_a_disabled_provider_account_signs_its_person_out_and_notifies(
    services: AccountServices,
) -> None:
    cookie = await services.by_provider()
    user = (await services.session(cookie)).user
    assert await services.security_events.suspend(ISSUER, "elsewhere-1") == user.id
    assert not await services.is_live(cookie)
    assert len(await services.social.identities(user.id)) == 1
    (email, *_) = await services.emails()
    assert email.subject == "A way to sign in was suspended"
    assert "/reset" not in email.text
    assert await services.security_events.suspend(ISSUER, "unknown") is None
    # It was enabled there again.
    assert (await admit(services)).user == user


async def test_erasing_the_only_sign_in_method_deletes_the_account(
    services: AccountServices,
) -> None:
    admitted = await admit(services)
    assert await services.security_events.delete_data(ISSUER, "elsewhere-1") == admitted.user.id
    assert await services.stores.users.user(admitted.user.id) is None
    assert (await services.emails())[0].subject == "Your account was deleted"
    assert await services.security_events.delete_data(ISSUER, "elsewhere-1") is None


async def test_erasing_one_of_several_sign_in_methods_keeps_the_account(
    services: AccountServices,
) -> None:
    ann = await services.member()
    await admit(services)
    assert await services.security_events.delete_data(ISSUER, "elsewhere-1") == ann.id
    assert await services.stores.users.user(ann.id) is not None
    assert await services.social.identities(ann.id) == []
    assert await services.sign_in()
    ben = await admit(services, subject="b1", email="ben@example.org")
    await admit(services, subject="b2", email="ben@example.org")
    assert await services.security_events.delete_data(ISSUER, "b1") == ben.user.id
    assert len(await services.social.identities(ben.user.id)) == 1


def test_a_profile_shows_no_secret() -> None:
    profile: UpstreamProfile = profile_of(refresh_token=Secret("provider's secret"))
    assert "secret" not in repr(profile)
