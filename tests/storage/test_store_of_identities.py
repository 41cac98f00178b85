"""`IdentityStore`: who people are at providers."""

import asyncio
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

import apsw
import asyncpg
import pytest
from samples import (
    ACCEPTED,
    NOW,
    SOON,
    Samples,
    code_of,
    identity,
    key,
    login_code,
    new_passkey,
    new_user,
    session,
    used_challenge,
)

from quantimodo.model.identities import Identity
from quantimodo.ports.stores import Conflict, SignInEnded, Stores
from quantimodo.storage.open import sqlite_path

ISSUER = "https://provider.example.org"


async def _sealed(url: str, identity_id: int) -> bytes | None:
    """The column that no store gives back."""
    sql = f"SELECT sealed_refresh_token FROM identities WHERE id = {identity_id}"
    path = sqlite_path(url)
    if path is not None:
        with closing(apsw.Connection(str(path))) as file:
            row = file.execute(sql).fetchone()
            return None if row is None else row[0]
    connection = await asyncpg.connect(url)
    try:
        found: bytes | None = await connection.fetchval(sql)
        return found
    finally:
        await connection.close()


async def test_an_identity_comes_back_as_added(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    added = await stores.identities.add_identity(person.id, identity("sübject ‮", name="Ann 🌱"))
    assert await stores.identities.identity(ISSUER, "sübject ‮") == added
    assert await stores.identities.identities_of(person.id) == [added]
    assert added == Identity(
        id=added.id,
        user_id=person.id,
        provider="sample",
        issuer=ISSUER,
        subject="sübject ‮",
        name="Ann 🌱",
        email="sample@example.org",
        created_at=NOW,
        used_at=NOW,
    )


async def test_an_identity_is_found_by_issuer_and_subject_exactly(
    stores: Stores, samples: Samples
) -> None:
    added = await stores.identities.add_identity((await samples.user()).id, identity("Abc"))
    for issuer, subject in (
        (ISSUER, "abc"),
        (ISSUER, "Abc "),
        (ISSUER, "sample@example.org"),
        (f"{ISSUER}/", "Abc"),
        ("sample", "Abc"),
        (ISSUER, "Abc\0"),
        (ISSUER, "\ud800"),
    ):
        assert await stores.identities.identity(issuer, subject) is None
    assert await stores.identities.identity(ISSUER, "Abc") == added


async def test_one_subject_at_two_issuers_is_two_identities(
    stores: Stores, samples: Samples
) -> None:
    ann, ben = await samples.user(), await samples.user()
    first = await stores.identities.add_identity(ann.id, identity("1"))
    second = await stores.identities.add_identity(
        ben.id, identity("1", issuer="https://other.example.org")
    )
    assert first.id != second.id
    assert await stores.identities.identities_of(ann.id) == [first]
    assert await stores.identities.identities_of(ben.id) == [second]


async def test_identities_are_listed_oldest_first(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    added = [
        await stores.identities.add_identity(person.id, identity(name)) for name in ("b", "c", "a")
    ]
    assert await stores.identities.identities_of(person.id) == added
    assert await stores.identities.identities_of(person.id + 1) == []


async def test_an_identity_has_one_person(stores: Stores, samples: Samples) -> None:
    ann, ben = await samples.user(), await samples.user()
    added = await stores.identities.add_identity(ann.id, identity("1"))
    for one_person in (ann, ben):
        with pytest.raises(Conflict):
            await stores.identities.add_identity(one_person.id, identity("1", provider="renamed"))
    assert await stores.identities.identity(ISSUER, "1") == added


async def test_a_person_who_was_deleted_gets_no_identity(stores: Stores) -> None:
    with pytest.raises(Conflict):
        await stores.identities.add_identity(77, identity("1"))
    assert await stores.identities.identity(ISSUER, "1") is None


async def test_an_identity_is_added_by_a_live_session_of_its_person(
    stores: Stores, samples: Samples
) -> None:
    ann, ben = await samples.user(), await samples.user()
    await stores.sessions.add_session(session("ann", ann), None)
    await stores.sessions.add_session(session("ben", ben), None)
    for name in ("ben", "ended"):
        with pytest.raises(Conflict):
            await stores.identities.add_identity(ann.id, identity("1"), key(name))
    assert await stores.identities.identities_of(ann.id) == []
    added = await stores.identities.add_identity(ann.id, identity("1"), key("ann"))
    assert await stores.identities.identities_of(ann.id) == [added]


async def test_a_person_is_added_with_an_identity(stores: Stores) -> None:
    person, added = await stores.identities.add_user_with_identity(
        new_user("s1", "Ann@example.org", email_verified_at=NOW), identity("1")
    )
    assert await stores.users.user(person.id) == person
    assert await stores.users.user_by_email("ann@example.org") == person
    assert await stores.identities.identity(ISSUER, "1") == added
    assert added.user_id == person.id
    assert await stores.users.password_hash(person.id) is None


async def test_of_a_person_with_an_identity_nothing_is_added_when_one_part_is_taken(
    stores: Stores,
) -> None:
    person, added = await stores.identities.add_user_with_identity(
        new_user("s1", "ann@example.org"), identity("1")
    )
    with pytest.raises(Conflict):
        await stores.identities.add_user_with_identity(
            new_user("s2", "ben@example.org"), identity("1")
        )
    with pytest.raises(Conflict):
        await stores.identities.add_user_with_identity(
            new_user("s3", "ANN@example.org"), identity("2")
        )
    assert await stores.users.users() == [person]
    assert await stores.identities.identities_of(person.id) == [added]
    assert await stores.identities.identity(ISSUER, "2") is None


async def test_the_newest_profile_of_the_provider_is_stored(
    stores: Stores, samples: Samples, database_url: str
) -> None:
    person = await samples.user()
    added = await stores.identities.add_identity(
        person.id, identity("1", sealed_refresh_token=b"first")
    )
    other = await stores.identities.add_identity(person.id, identity("2"))
    assert await _sealed(database_url, added.id) == b"first"
    assert await _sealed(database_url, other.id) is None

    await stores.identities.record_identity_use(added.id, SOON, name="New", email=None, sealed=None)
    assert await stores.identities.identities_of(person.id) == [
        replace(added, name="New", email=None, used_at=SOON),
        other,
    ]
    assert await _sealed(database_url, added.id) == b"first"
    await stores.identities.record_identity_use(
        added.id, SOON, name="New", email="n@example.org", sealed=b"second"
    )
    assert await _sealed(database_url, added.id) == b"second"
    await stores.identities.record_identity_use(
        added.id + 77, SOON, name="Unknown", email=None, sealed=None
    )


async def test_an_identity_is_dropped_by_its_person(stores: Stores, samples: Samples) -> None:
    ann, ben = await samples.user(password_hash="hash"), await samples.user(password_hash="hash")
    added = await stores.identities.add_identity(ann.id, identity("1"))
    assert not await stores.identities.delete_identity(ben.id, added.id, ACCEPTED)
    assert await stores.identities.delete_identity(ann.id, added.id, ACCEPTED)
    assert not await stores.identities.delete_identity(ann.id, added.id, ACCEPTED)
    assert await stores.identities.identity(ISSUER, "1") is None
    # It belongs to no account now, and its number is not used again.
    again = await stores.identities.add_identity(ben.id, identity("1"))
    assert again.id > added.id


async def test_the_last_sign_in_method_is_not_removed(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    first = await stores.identities.add_identity(person.id, identity("1"))
    assert not await stores.identities.delete_identity(person.id, first.id, ACCEPTED)
    second = await stores.identities.add_identity(person.id, identity("2"))
    assert await stores.identities.delete_identity(person.id, first.id, ACCEPTED)
    assert not await stores.identities.delete_identity(person.id, second.id, ACCEPTED)
    await stores.users.set_password(person.id, "hash", NOW)
    assert await stores.identities.delete_identity(person.id, second.id, ACCEPTED)


@pytest.mark.parametrize(
    ("changes", "dropped"), [({}, True), ({"rp_id": "old.example.org"}, False)]
)
async def test_a_passkey_for_this_host_is_a_sign_in_method(
    stores: Stores, samples: Samples, changes: dict[str, object], dropped: bool
) -> None:
    person = await samples.user()
    added = await stores.identities.add_identity(person.id, identity("1"))
    await stores.sessions.add_session(session("s", person), None)
    passkey = new_passkey(person, **changes)
    assert await stores.passkeys.add_passkey(passkey, used_challenge("c"), key("s"), 5)
    assert await stores.identities.delete_identity(person.id, added.id, ACCEPTED) is dropped


async def test_an_identity_at_a_removed_provider_is_not_a_sign_in_method(
    stores: Stores, samples: Samples
) -> None:
    person = await samples.user()
    works = await stores.identities.add_identity(person.id, identity("1"))
    gone = await stores.identities.add_identity(person.id, identity("2", provider="gone"))
    assert not await stores.identities.delete_identity(person.id, works.id, ACCEPTED)
    assert await stores.identities.delete_identity(person.id, gone.id, ACCEPTED)


async def test_a_password_without_an_address_is_not_a_sign_in_method(stores: Stores) -> None:
    person, added = await stores.identities.add_user_with_identity(new_user("s1"), identity("1"))
    await stores.users.set_password(person.id, "hash", NOW)
    assert not await stores.identities.delete_identity(person.id, added.id, ACCEPTED)
    assert await stores.users.change_email(person.id, "ann@example.org", None)
    assert await stores.identities.delete_identity(person.id, added.id, ACCEPTED)


async def test_an_identity_that_ended_takes_all_access_along(
    stores: Stores, samples: Samples
) -> None:
    ann, ben = await samples.user(password_hash="hash"), await samples.user()
    kept = await stores.identities.add_identity(ann.id, identity("kept"))
    grants = []
    for person in (ann, ben):
        await stores.identities.add_identity(person.id, identity(person.subject))
        await stores.sessions.add_session(session(person.subject, person), None)
        await stores.login_codes.add_login_code(login_code(person.subject, person.id))
        grants.append(await samples.grant(person))

    ended = await stores.identities.end_identity(ISSUER, ann.subject, SOON)
    assert ended is not None
    assert (ended.user_id, ended.subject) == (ann.id, ann.subject)
    assert await stores.identities.identities_of(ann.id) == [kept]
    assert await stores.sessions.session(key(ann.subject)) is None
    assert await stores.login_codes.login_code(key(ann.subject)) is None
    assert not await stores.tokens.redeem(code_of(grants[0]), SOON, None, None)
    assert await stores.users.user(ann.id) == ann
    assert await stores.users.password_hash(ann.id) == "hash"

    assert len(await stores.identities.identities_of(ben.id)) == 1
    assert await stores.sessions.session(key(ben.subject)) is not None
    assert await stores.login_codes.login_code(key(ben.subject)) is not None
    assert await stores.tokens.redeem(code_of(grants[1]), SOON, None, None)
    assert (
        await stores.identities.end_identity(ISSUER, ann.subject, SOON + timedelta(days=1)) is None
    )
    assert await stores.identities.end_identity(ISSUER, "unknown", SOON) is None


async def test_the_last_way_in_ends_too_when_the_provider_says_so(stores: Stores) -> None:
    person, added = await stores.identities.add_user_with_identity(new_user("s1"), identity("1"))
    assert await stores.identities.end_identity(ISSUER, "1", NOW) == added
    assert await stores.identities.identities_of(person.id) == []
    assert await stores.users.user(person.id) == person


@pytest.mark.parametrize("grants", [False, True])
async def test_an_identity_that_was_signed_out_stays_and_ends_what_it_opened(
    stores: Stores, samples: Samples, grants: bool
) -> None:
    ann, ben = await samples.user(), await samples.user()
    given = []
    for person in (ann, ben):
        await stores.identities.add_identity(person.id, identity(person.subject))
        await stores.sessions.add_session(session(person.subject, person), None)
        await stores.login_codes.add_login_code(login_code(person.subject, person.id))
        given.append(await samples.grant(person))

    signed_out = await stores.identities.sign_out_identity(ISSUER, ann.subject, SOON, grants=grants)
    assert signed_out == ann.id
    (kept,) = await stores.identities.identities_of(ann.id)
    assert kept.signed_out_at == SOON
    assert await stores.sessions.session(key(ann.subject)) is None
    assert await stores.login_codes.login_code(key(ann.subject)) is None
    assert await stores.tokens.redeem(code_of(given[0]), SOON, None, None) is not grants

    (other,) = await stores.identities.identities_of(ben.id)
    assert other.signed_out_at is None
    assert await stores.sessions.session(key(ben.subject)) is not None
    assert await stores.login_codes.login_code(key(ben.subject)) is not None
    assert await stores.tokens.redeem(code_of(given[1]), SOON, None, None)
    assert await stores.identities.sign_out_identity(ISSUER, "unknown", SOON, grants=grants) is None


async def test_the_refresh_token_of_a_signed_out_identity_is_forgotten(
    stores: Stores, samples: Samples, database_url: str
) -> None:
    person = await samples.user()
    added = await stores.identities.add_identity(
        person.id, identity("1", sealed_refresh_token=b"sealed")
    )
    assert await _sealed(database_url, added.id) == b"sealed"
    await stores.identities.sign_out_identity(ISSUER, "1", SOON, grants=False)
    assert await _sealed(database_url, added.id) is None


async def _end(stores: Stores, subject: str, at: datetime, how: str) -> None:
    if how == "ended":
        await stores.identities.end_identity(ISSUER, subject, at)
    else:
        await stores.identities.sign_out_identity(ISSUER, subject, at, grants=how == "suspended")


@pytest.mark.parametrize("how", ["ended", "suspended", "signed out"])
@pytest.mark.parametrize("known", [True, False])
async def test_a_sign_in_from_before_the_provider_ended_it_adds_no_identity(
    stores: Stores, samples: Samples, how: str, known: bool
) -> None:
    person = await samples.user()
    if known:
        old = await stores.identities.add_identity(person.id, identity("1"))
    await _end(stores, "1", SOON, how)
    await _end(stores, "1", NOW, how)  # an older message comes later
    if known and how != "ended":
        await stores.users.set_password(person.id, "hash", NOW)
        await stores.users.change_email(person.id, "ann@example.org", NOW)
        assert await stores.identities.delete_identity(person.id, old.id, ACCEPTED)
    for stated_at in (NOW, SOON):
        with pytest.raises(SignInEnded):
            await stores.identities.add_identity(person.id, identity("1", stated_at=stated_at))
        with pytest.raises(SignInEnded):
            await stores.identities.add_user_with_identity(
                new_user("s1"), identity("1", stated_at=stated_at)
            )
    assert await stores.users.user_by_subject("s1") is None
    await stores.identities.add_identity(person.id, identity("2"))
    later = SOON + timedelta(microseconds=1)
    added = await stores.identities.add_identity(person.id, identity("1", stated_at=later))
    assert added.signed_out_at == SOON
    assert await stores.identities.identity(ISSUER, "1") == added


async def test_no_identity_is_left_by_sign_ins_that_race_with_its_end(stores: Stores) -> None:
    async def sign_in(subject: str, number: int) -> bool:
        try:
            await stores.identities.add_user_with_identity(
                new_user(f"{subject} {number}"), identity(subject)
            )
        except (Conflict, SignInEnded):
            return False
        return True

    for number in range(40):
        subject = f"racing {number}"
        end = stores.identities.end_identity(ISSUER, subject, SOON)
        ended, *added = await asyncio.gather(end, *(sign_in(subject, each) for each in range(3)))
        assert await stores.identities.identity(ISSUER, subject) is None
        assert sum(added) == (ended is not None), "the caller erases the account that was added"
