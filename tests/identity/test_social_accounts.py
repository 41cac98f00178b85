"""Signing in by an identity elsewhere, linking and unlinking (security.md 18, 22, 24, 27, 31)."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from people import (
    ADDRESS,
    PASSWORD,
    House,
    MovableClock,
    furnish,
    profile_of,
)
from quantimodo.identity.errors import LinkNeeded, ReauthenticationNeeded, Refused, TooMany
from quantimodo.identity.social import PROVIDER_TOKENS, Admitted
from quantimodo.model.identities import Profile
from quantimodo.model.secrets import Secret
from quantimodo.ports.clock import Entropy
from quantimodo.ports.stores import Stores

ISSUER = "https://provider.example.org"


async def admit(house: House, **changes: Any) -> Admitted:
    return await house.social.admit(profile_of(**changes), address=ADDRESS)


def sealed_tokens(folder: Path) -> list[bytes | None]:
    with closing(sqlite3.connect(folder / "test.db")) as database:
        rows = database.execute("SELECT sealed_refresh_token FROM identities ORDER BY id")
        return [row[0] for row in rows]


# --------------------------------------------------------------------------------------- admit


async def test_a_first_login_makes_an_account_and_the_next_finds_it(
    house: House, clock: MovableClock
) -> None:
    first = await admit(house)
    assert first.new_user
    assert first.user.email == "ann@example.org"
    assert first.user.email_verified_at == clock.now()
    assert first.user.name == "Ann Elsewhere"
    assert await house.stores.password_hash(first.user.id) is None

    clock.advance(timedelta(days=1))
    again = await admit(house, name="Ann Renamed", email="moved@example.org")
    assert not again.new_user
    assert again.user == first.user
    (identity,) = await house.social.identities(first.user.id)
    assert identity == again.identity
    assert (identity.name, identity.email) == ("Ann Renamed", "moved@example.org")
    assert identity.used_at == clock.now()
    events = [(event.kind, event.detail) for event in await house.events(first.user)]
    assert events == [("identity.used", "sample"), ("account.created", "sample")]


@pytest.mark.parametrize(
    "doubt", [{"email_verified": False}, {"email_authoritative": False}], ids=str
)
async def test_an_address_that_is_not_proven_is_kept_and_not_confirmed(
    house: House, doubt: dict[str, bool]
) -> None:
    admitted = await admit(house, **doubt)
    assert admitted.user.email == "ann@example.org"
    assert admitted.user.email_verified_at is None


@pytest.mark.parametrize("email", [None, "", "nonsense", "a b@example.org", "a\0@example.org"])
async def test_without_a_usable_address_the_account_has_none(
    house: House, email: str | None
) -> None:
    admitted = await admit(house, email=email)
    assert admitted.user.email is None
    assert admitted.user.email_verified_at is None
    assert admitted.identity.email is None


async def test_addresses_are_compared_in_the_form_that_is_kept(house: House) -> None:
    ann = await house.member()
    admitted = await admit(house, email="  ANN@Example.ORG ")
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
    house: House, name: str, email: str | None, shown: str
) -> None:
    admitted = await admit(house, name=name, email=email)
    assert admitted.user.name == shown
    assert (await admit(house, name=name, email=email)).identity.name == shown


@pytest.mark.parametrize("bad", ["", "x" * 256, "a\0b", "a\nb", "\ud800"])
async def test_a_key_that_no_provider_gives_is_refused(house: House, bad: str) -> None:
    with pytest.raises(Refused):
        await admit(house, subject=bad)
    with pytest.raises(Refused):
        await admit(house, issuer=bad and bad * 2)
    assert await house.stores.users() == []


async def test_a_proven_address_links_by_itself_and_its_owner_is_told(house: House) -> None:
    ann = await house.member()
    admitted = await admit(house)
    assert (admitted.user.id, admitted.new_user) == (ann.id, False)
    assert await house.stores.password_hash(ann.id) is not None
    (letter,) = await house.letters()
    assert letter.to == "ann@example.org"
    assert letter.subject == "A way to sign in was added"
    assert [event.kind for event in await house.events(ann)][:1] == ["identity.linked"]


@pytest.mark.parametrize(
    ("verified_here", "doubt"),
    [
        (True, {"email_verified": False}),
        (True, {"email_authoritative": False}),
        (False, {}),
    ],
)
async def test_otherwise_the_owner_has_to_sign_in_first(
    house: House, verified_here: bool, doubt: dict[str, bool]
) -> None:
    ann = await house.member(verified=verified_here)
    with pytest.raises(LinkNeeded) as needed:
        await admit(house, **doubt)
    assert needed.value.email == "ann@example.org"
    assert await house.social.identities(ann.id) == []
    assert len(await house.stores.users()) == 1
    assert await house.letters() == []


async def test_a_disabled_person_is_not_let_in(house: House) -> None:
    admitted = await admit(house)
    await house.accounts.disable(admitted.user.id)
    with pytest.raises(Refused, match="disabled"):
        await admit(house)
    assert (await house.events(admitted.user))[0].kind == "identity.refused"


async def test_a_closed_server_makes_nobody_and_knows_its_people(
    stores: Stores, clock: MovableClock, entropy: Entropy
) -> None:
    house = furnish(stores, clock, entropy, sign_up_open=False)
    try:
        with pytest.raises(Refused, match="no new accounts"):
            await admit(house)
        ann = await house.member()
        assert (await admit(house)).user.id == ann.id
    finally:
        house.hasher.close()


async def test_sign_ins_are_counted_by_address(house: House) -> None:
    for _ in range(100):
        await admit(house)
    with pytest.raises(TooMany):
        await admit(house)
    elsewhere = await house.social.admit(profile_of(), address="198.51.100.1")
    assert not elsewhere.new_user


async def test_first_logins_at_once_make_one_person(house: House) -> None:
    came = await asyncio.gather(*(admit(house) for _ in range(20)))
    assert len({one.user.id for one in came}) == 1
    assert [one.new_user for one in came].count(True) == 1
    assert len(await house.stores.users()) == 1


async def test_first_logins_at_once_with_one_address_make_one_person(house: House) -> None:
    """Of two identities with one proven address, one makes the account, the other is linked."""
    came = await asyncio.gather(*(admit(house, subject=f"elsewhere-{n}") for n in range(5)))
    assert len({one.user.id for one in came}) == 1
    assert len(await house.social.identities(came[0].user.id)) == 5


async def test_one_subject_at_another_issuer_is_somebody_else(house: House) -> None:
    first = await admit(house, email=None)
    second = await admit(house, email=None, issuer="https://other.example.org")
    assert first.user.id != second.user.id


# ------------------------------------------------------------------------------------- sessions


async def test_a_session_is_begun_for_who_was_admitted(house: House, clock: MovableClock) -> None:
    session = await house.session(await house.by_provider())
    assert session.methods == ("fed",)
    assert session.authenticated_at == clock.now()


async def test_no_session_begins_for_an_identity_that_was_dropped_meanwhile(house: House) -> None:
    admitted = await admit(house)
    assert await house.stores.end_identity(ISSUER, "elsewhere-1", house.clock.now())
    with pytest.raises(Refused):
        await house.social.begin_session(
            admitted, ("fed",), address=ADDRESS, agent="", replaces=None
        )
    assert await house.sessions.list(admitted.user.id) == []


# --------------------------------------------------------------------------------------- tokens


async def test_a_refresh_token_is_kept_encrypted(house: House, tmp_path: Path) -> None:
    await admit(house, refresh_token=Secret("provider's secret"))
    await admit(house)  # without one: the one before stays
    (sealed,) = sealed_tokens(tmp_path)
    assert sealed is not None
    assert b"secret" not in sealed
    assert house.envelope.open(sealed, PROVIDER_TOKENS) == b"provider's secret"
    await admit(house, refresh_token=Secret("the next"))
    (sealed,) = sealed_tokens(tmp_path)
    assert sealed is not None
    assert house.envelope.open(sealed, PROVIDER_TOKENS) == b"the next"


@pytest.mark.parametrize("odd", ["", "x" * 10_000])
async def test_an_odd_refresh_token_is_left_out(house: House, tmp_path: Path, odd: str) -> None:
    await admit(house, refresh_token=Secret(odd))
    assert sealed_tokens(tmp_path) == [None]


# ----------------------------------------------------------------------------- link and unlink


async def test_a_fresh_session_links_and_its_owner_is_told(house: House) -> None:
    ann = await house.member()
    session = await house.session(await house.sign_in())
    identity = await house.social.link(session, profile_of(email="other@example.org"))
    assert await house.social.identities(ann.id) == [identity]
    assert (await admit(house, email=None)).user.id == ann.id
    assert (await house.letters())[0].to == "ann@example.org"
    # Once more is no fault, and nothing new.
    assert (
        await house.social.link(session, profile_of()) == (await house.social.identities(ann.id))[0]
    )
    assert len(await house.letters()) == 1


async def test_an_identity_of_somebody_else_is_never_linked(house: House) -> None:
    ben = await admit(house, email="ben@example.org")
    await house.member()
    session = await house.session(await house.sign_in())
    with pytest.raises(Refused, match="another account"):
        await house.social.link(session, profile_of())
    assert (await admit(house)).user.id == ben.user.id
    assert await house.social.identities(session.user.id) == []


async def test_an_old_session_neither_links_nor_unlinks(house: House, clock: MovableClock) -> None:
    await house.member()
    session = await house.session(await house.sign_in())
    identity = await house.social.link(session, profile_of())
    clock.advance(timedelta(minutes=10))
    await house.social.link(session, profile_of("2"))
    clock.advance(timedelta(microseconds=1))
    with pytest.raises(ReauthenticationNeeded):
        await house.social.link(session, profile_of("3"))
    with pytest.raises(ReauthenticationNeeded):
        await house.social.unlink(session, identity.id)
    assert len(await house.social.identities(session.user.id)) == 2


async def test_a_session_that_was_ended_links_nothing(house: House) -> None:
    await house.member()
    session = await house.session(await house.sign_in())
    await house.sessions.end(session)
    with pytest.raises(Refused, match="signed out"):
        await house.social.link(session, profile_of())
    assert await house.social.identities(session.user.id) == []


async def test_an_identity_is_unlinked_and_its_owner_is_told(house: House) -> None:
    ann = await house.member()
    session = await house.session(await house.sign_in())
    identity = await house.social.link(session, profile_of())
    await house.social.unlink(session, identity.id)
    assert await house.social.identities(ann.id) == []
    assert (await house.letters())[0].subject == "A way to sign in was removed"
    kinds = [event.kind for event in await house.events(ann)]
    assert kinds[:2] == ["identity.unlinked", "identity.linked"]
    with pytest.raises(Refused):
        await house.social.unlink(session, identity.id)


async def test_the_last_way_in_and_what_is_somebody_else_s_is_not_unlinked(house: House) -> None:
    session = await house.session(await house.by_provider())
    other = await admit(house, subject="2", email="ben@example.org")
    (mine,) = await house.social.identities(session.user.id)
    with pytest.raises(Refused, match="last way"):
        await house.social.unlink(session, mine.id)
    with pytest.raises(Refused, match="not linked"):
        await house.social.unlink(session, other.identity.id)
    assert await house.social.identities(session.user.id) == [mine]
    assert len(await house.social.identities(other.user.id)) == 1


# ----------------------------------------------------------------- what a provider tells unasked


async def test_an_identity_that_ended_takes_sessions_along_and_tells(house: House) -> None:
    cookie = await house.by_provider()
    user = (await house.session(cookie)).user
    assert await house.social.end(ISSUER, "elsewhere-1") == user.id
    assert not await house.is_live(cookie)
    assert await house.social.identities(user.id) == []
    assert await house.stores.user(user.id) is not None
    assert (await house.letters())[0].subject == "A way to sign in has ended"
    assert (await house.events(user))[0].kind == "identity.ended"
    assert await house.social.end(ISSUER, "elsewhere-1") is None
    # The address was proven, so the person gets back in by a mailed link.
    await house.accounts.request_reset("ann@example.org", address=ADDRESS)
    await house.reset(await house.ticket("/reset/new"), PASSWORD)
    assert await house.sign_in()


async def test_signed_out_there_is_signed_out_here(house: House) -> None:
    cookie = await house.by_provider()
    user = (await house.session(cookie)).user
    assert await house.social.sign_out(ISSUER, "elsewhere-1") == user.id
    assert not await house.is_live(cookie)
    assert len(await house.social.identities(user.id)) == 1
    assert await house.social.sign_out(ISSUER, "nobody") is None
    assert (await house.events(user))[0].kind == "identity.signed_out"


async def test_what_was_said_before_it_was_signed_out_opens_nothing(
    house: House, clock: MovableClock
) -> None:
    said_at = clock.now()
    admitted = await admit(house, said_at=said_at)
    clock.advance(timedelta(minutes=1))
    await house.social.sign_out(ISSUER, "elsewhere-1")
    assert not await house.social.stands(admitted)
    for moment in (said_at, clock.now()):
        with pytest.raises(Refused, match="since"):
            await admit(house, said_at=moment)
    clock.advance(timedelta(seconds=1))
    again = await admit(house, said_at=clock.now())
    assert again.user == admitted.user
    assert await house.social.stands(again)
    assert await house.social.stands(await admit(house))  # in a browser: it is said just now


async def test_no_session_begins_for_an_identity_that_was_signed_out_meanwhile(
    house: House,
) -> None:
    admitted = await admit(house)
    await house.social.sign_out(ISSUER, "elsewhere-1")
    with pytest.raises(Refused):
        await house.social.begin_session(
            admitted, ("fed",), address=ADDRESS, agent="", replaces=None
        )
    assert not await house.sessions.list(admitted.user.id)


async def test_disabled_there_its_person_is_signed_out_and_told(house: House) -> None:
    cookie = await house.by_provider()
    user = (await house.session(cookie)).user
    assert await house.social.suspend(ISSUER, "elsewhere-1") == user.id
    assert not await house.is_live(cookie)
    assert len(await house.social.identities(user.id)) == 1
    (letter, *_) = await house.letters()
    assert letter.subject == "A way to sign in was suspended"
    assert "/reset" not in letter.text
    assert await house.social.suspend(ISSUER, "nobody") is None
    # It was enabled there again.
    assert (await admit(house)).user == user


async def test_erasing_the_only_way_in_deletes_the_account(house: House) -> None:
    admitted = await admit(house)
    assert await house.social.erase(ISSUER, "elsewhere-1") == admitted.user.id
    assert await house.stores.user(admitted.user.id) is None
    assert (await house.letters())[0].subject == "Your account was deleted"
    assert await house.social.erase(ISSUER, "elsewhere-1") is None


async def test_erasing_one_of_several_ways_in_keeps_the_account(house: House) -> None:
    ann = await house.member()
    await admit(house)
    assert await house.social.erase(ISSUER, "elsewhere-1") == ann.id
    assert await house.stores.user(ann.id) is not None
    assert await house.social.identities(ann.id) == []
    assert await house.sign_in()
    ben = await admit(house, subject="b1", email="ben@example.org")
    await admit(house, subject="b2", email="ben@example.org")
    assert await house.social.erase(ISSUER, "b1") == ben.user.id
    assert len(await house.social.identities(ben.user.id)) == 1


def test_a_profile_shows_no_secret() -> None:
    profile: Profile = profile_of(refresh_token=Secret("provider's secret"))
    assert "secret" not in repr(profile)
