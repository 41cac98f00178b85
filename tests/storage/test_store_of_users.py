"""`UserStore`: people, their addresses and passwords."""

from dataclasses import replace
from datetime import timedelta

import pytest
from samples import (
    LATER,
    NOW,
    Samples,
    access_token_of,
    client,
    code_of,
    consent,
    email_token,
    identity,
    key,
    login_code,
    new_user,
    refresh_token,
    session,
)

from quantimodo.ports.stores import Conflict, Stores


async def test_a_person_comes_back_as_added(stores: Stores) -> None:
    added = await stores.users.add_user(
        new_user("s1", "Ann@Example.org", email_verified_at=NOW, administrator=True), "hash"
    )
    assert await stores.users.user(added.id) == added
    assert added.email == "Ann@Example.org"
    assert added.administrator is True
    assert added.email_verified_at == NOW


async def test_an_unknown_person_is_none(stores: Stores) -> None:
    assert await stores.users.user(1) is None
    assert await stores.users.user_by_email("unknown@example.org") is None
    assert await stores.users.password_hash(1) is None


async def test_a_person_without_an_address_or_password_can_be_added(stores: Stores) -> None:
    first = await stores.users.add_user(new_user("s1"), None)
    second = await stores.users.add_user(new_user("s2"), None)
    assert first.id != second.id
    assert (await stores.users.user(second.id)) == second
    assert await stores.users.password_hash(first.id) is None


async def test_an_address_is_found_whatever_its_case(stores: Stores) -> None:
    added = await stores.users.add_user(new_user("s1", "Straße@Example.org"), None)
    for spelling in ("straße@example.org", "STRAẞE@EXAMPLE.ORG", "Straße@example.org"):
        assert await stores.users.user_by_email(spelling) == added


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("straße@example.org", "strasse@example.org"),
        ("μεσος@example.org", "μεσοσ@example.org"),
        ("\u017fam@example.org", "sam@example.org"),
    ],
)
async def test_addresses_that_differ_by_a_character_are_two(
    stores: Stores, one: str, other: str
) -> None:
    first = await stores.users.add_user(new_user("s1", one), None)
    second = await stores.users.add_user(new_user("s2", other), None)
    assert await stores.users.user_by_email(one) == first
    assert await stores.users.user_by_email(other) == second


async def test_an_address_is_found_whatever_its_composition(stores: Stores) -> None:
    added = await stores.users.add_user(new_user("s1", "zo\u00eb@example.org"), None)
    assert await stores.users.user_by_email("ZOE\u0308@example.org") == added


async def test_an_address_is_taken_whatever_its_case(stores: Stores) -> None:
    await stores.users.add_user(new_user("s1", "ann@example.org"), None)
    with pytest.raises(Conflict):
        await stores.users.add_user(new_user("s2", "ANN@example.org"), "hash")
    assert await stores.users.users() == [await stores.users.user_by_email("ann@example.org")]


async def test_a_subject_is_taken(stores: Stores) -> None:
    await stores.users.add_user(new_user("s1"), None)
    with pytest.raises(Conflict):
        await stores.users.add_user(new_user("s1"), None)


async def test_an_id_is_never_given_again(stores: Stores) -> None:
    gone = await stores.users.add_user(new_user("s1"), None)
    assert await stores.users.delete_user(gone.id, NOW)
    assert (await stores.users.add_user(new_user("s2"), None)).id > gone.id


async def test_people_are_listed_by_id_a_page_at_a_time(stores: Stores, samples: Samples) -> None:
    people = [await samples.user() for _ in range(5)]
    assert await stores.users.users(limit=2) == people[:2]
    assert await stores.users.users(after=people[1].id, limit=2) == people[2:4]
    assert await stores.users.users(after=people[4].id) == []


async def test_a_name_is_changed_and_the_moment_kept(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    later = NOW + timedelta(hours=1)
    assert await stores.users.rename_user(person.id, "Björn 🌱", later)
    assert await stores.users.user(person.id) == replace(person, name="Björn 🌱", updated_at=later)
    assert not await stores.users.rename_user(person.id + 1, "Unknown", later)


async def test_an_address_is_changed_unless_taken(stores: Stores, samples: Samples) -> None:
    person, other = await samples.user("a@example.org"), await samples.user("b@example.org")
    with pytest.raises(Conflict):
        await stores.users.change_email(person.id, "B@example.org", NOW)
    assert await stores.users.user(person.id) == person

    assert await stores.users.change_email(person.id, "C@example.org", NOW)
    found = await stores.users.user_by_email("c@example.org")
    assert found == replace(person, email="C@example.org", email_verified_at=NOW)
    assert await stores.users.user_by_email("a@example.org") is None
    assert not await stores.users.change_email(other.id + 1, "d@example.org", None)


async def test_an_address_can_change_its_case(stores: Stores, samples: Samples) -> None:
    person = await samples.user("a@example.org")
    assert await stores.users.change_email(person.id, "A@example.org", None)
    found = await stores.users.user_by_email("a@example.org")
    assert found is not None
    assert found.email == "A@example.org"


async def test_verifying_keeps_what_its_owner_made(stores: Stores, samples: Samples) -> None:
    person = await samples.user("a@example.org", "hash")
    await stores.sessions.add_session(session("s", person), None)
    await stores.identities.add_identity(person.id, identity("theirs"))
    await stores.login_codes.add_login_code(login_code("code", person.id))
    assert await stores.users.mark_email_verified(
        person.id, "A@example.org", NOW, keep_credentials=True
    )
    assert len(await stores.identities.identities_of(person.id)) == 1
    assert await stores.login_codes.login_code(key("code")) is not None
    found = await stores.users.user(person.id)
    assert found is not None
    assert found.email_verified_at == NOW
    assert await stores.users.password_hash(person.id) == "hash"
    assert await stores.sessions.session(key("s")) is not None


async def test_verifying_drops_what_a_stranger_may_have_made(
    stores: Stores, samples: Samples
) -> None:
    person, other = await samples.user("a@example.org", "hash"), await samples.user(None, "other")
    await stores.sessions.add_session(session("s", person), None)
    await stores.sessions.add_session(session("other", other), None)
    application = await samples.client()
    grants = [await samples.grant(one_person, application.id) for one_person in (person, other)]
    for one_person in (person, other):
        await stores.authorizations.save_consent(consent(one_person, application.id, "basic"))
        await stores.identities.add_identity(one_person.id, identity(one_person.subject))
        await stores.login_codes.add_login_code(login_code(one_person.subject, one_person.id))
    assert await stores.users.mark_email_verified(
        person.id, "a@example.org", NOW, keep_credentials=False
    )
    assert await stores.identities.identities_of(person.id) == []
    assert await stores.identities.identity("https://provider.example.org", person.subject) is None
    assert await stores.login_codes.login_code(key(person.subject)) is None
    assert len(await stores.identities.identities_of(other.id)) == 1
    assert await stores.login_codes.login_code(key(other.subject)) is not None
    assert await stores.users.password_hash(person.id) is None
    assert await stores.sessions.session(key("s")) is None
    assert await stores.authorizations.consents_of(person.id) == []
    assert not await stores.tokens.redeem(code_of(grants[0]), NOW, None, None)
    assert len(await stores.authorizations.consents_of(other.id)) == 1
    assert await stores.tokens.redeem(code_of(grants[1]), NOW, None, None)
    assert await stores.users.password_hash(other.id) == "other"
    assert await stores.sessions.session(key("other")) is not None


async def test_verifying_the_former_address_changes_nothing(
    stores: Stores, samples: Samples
) -> None:
    person = await samples.user("a@example.org", "hash")
    assert await stores.users.change_email(person.id, "b@example.org", None)
    assert not await stores.users.mark_email_verified(
        person.id, "a@example.org", NOW, keep_credentials=False
    )
    found = await stores.users.user(person.id)
    assert found is not None
    assert found.email_verified_at is None
    assert await stores.users.password_hash(person.id) == "hash"


async def test_verifying_again_drops_nothing(stores: Stores, samples: Samples) -> None:
    person = await samples.user("a@example.org", "hash")
    assert await stores.users.mark_email_verified(
        person.id, "a@example.org", NOW, keep_credentials=True
    )
    assert not await stores.users.mark_email_verified(
        person.id, "a@example.org", LATER, keep_credentials=False
    )
    assert await stores.users.password_hash(person.id) == "hash"
    found = await stores.users.user(person.id)
    assert found is not None
    assert found.email_verified_at == NOW


async def test_disabling_and_enabling(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    assert await stores.users.set_disabled(person.id, NOW)
    assert await stores.users.user(person.id) == replace(person, disabled_at=NOW)
    assert await stores.users.set_disabled(person.id, None)
    assert await stores.users.user(person.id) == person
    assert not await stores.users.set_disabled(person.id + 1, NOW)


async def test_making_and_unmaking_an_administrator(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    assert await stores.users.set_administrator(person.id, True)
    assert await stores.users.user(person.id) == replace(person, administrator=True)
    assert await stores.users.set_administrator(person.id, False)
    assert await stores.users.user(person.id) == person
    assert not await stores.users.set_administrator(person.id + 1, True)


async def test_a_password_is_set_and_replaced(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    await stores.users.set_password(person.id, "first", NOW)
    await stores.users.set_password(person.id, "second", LATER)
    assert await stores.users.password_hash(person.id) == "second"


async def test_a_first_password_is_set_once_and_by_a_live_session(
    stores: Stores, samples: Samples
) -> None:
    person, other = await samples.user(), await samples.user()
    await stores.sessions.add_session(session("s", person), None)
    assert not await stores.users.add_password(other.id, "a stranger's", NOW, key("s"))
    assert not await stores.users.add_password(person.id, "too late", NOW, key("ended"))
    assert not await stores.users.add_password(person.id + 100, "unknown", NOW, key("s"))
    assert await stores.users.password_hash(person.id) is None
    assert await stores.users.add_password(person.id, "first", NOW, key("s"))
    assert not await stores.users.add_password(person.id, "second", NOW, key("s"))
    assert await stores.users.password_hash(person.id) == "first"
    assert await stores.users.password_hash(other.id) is None


async def test_a_person_who_was_deleted_gets_no_password(stores: Stores) -> None:
    with pytest.raises(Conflict):
        await stores.users.set_password(77, "hash", NOW)


async def test_deleting_takes_all_that_is_theirs_and_nothing_else(
    stores: Stores, samples: Samples
) -> None:
    person, other = await samples.user(password_hash="hash"), await samples.user()
    await stores.clients.add_client(client("own", owner_id=person.id))
    for_all = await samples.client(owner_id=other.id)
    for one_person in (person, other):
        await stores.sessions.add_session(session(one_person.subject, one_person), None)
        await stores.identities.add_identity(one_person.id, identity(one_person.subject))
        await stores.login_codes.add_login_code(login_code(one_person.subject, one_person.id))
        await stores.email_tokens.add_email_token(
            email_token(one_person.subject, user_id=one_person.id)
        )
        await stores.authorizations.save_consent(consent(one_person, for_all.id, "basic"))
    grant = await samples.grant(person, for_all.id)
    others = await samples.grant(other, for_all.id)
    successors = refresh_token(grant, "r"), refresh_token(others, "r2")
    assert await stores.tokens.redeem(
        code_of(grant), NOW, access_token_of(grant, "a"), successors[0]
    )
    assert await stores.tokens.redeem(
        code_of(others), NOW, access_token_of(others, "a2"), successors[1]
    )

    assert await stores.users.delete_user(person.id, NOW)
    assert await stores.users.user(person.id) is None
    assert await stores.users.password_hash(person.id) is None
    assert await stores.sessions.session(key(person.subject)) is None
    assert await stores.email_tokens.email_token(key(person.subject)) is None
    assert await stores.authorizations.consents_of(person.id) == []
    assert await stores.identities.identity("https://provider.example.org", person.subject) is None
    assert await stores.login_codes.login_code(key(person.subject)) is None
    assert await stores.clients.client("own") is None
    assert await stores.tokens.authorization_code(code_of(grant).key) is None
    assert await stores.tokens.refresh_token(successors[0].key) is None
    dead = await stores.tokens.access_token(key("a"))
    assert dead is not None
    assert dead.revoked
    assert await stores.tokens.token_status("jti", for_all.id, grant.id) is None

    assert await stores.sessions.session(key(other.subject)) is not None
    assert len(await stores.identities.identities_of(other.id)) == 1
    assert await stores.login_codes.login_code(key(other.subject)) is not None
    assert await stores.email_tokens.email_token(key(other.subject)) is not None
    assert len(await stores.authorizations.consents_of(other.id)) == 1
    alive = await stores.tokens.access_token(key("a2"))
    assert alive is not None
    assert not alive.revoked
    assert not await stores.users.delete_user(person.id, NOW)


async def test_values_that_no_row_can_hold_find_no_person(stores: Stores, samples: Samples) -> None:
    await samples.user("a@example.org")
    assert await stores.users.user(2**63) is None
    assert await stores.users.user(-(2**70)) is None
    assert await stores.users.user_by_email("a\0@example.org") is None
    assert await stores.users.user_by_email("a\ud800@example.org") is None


async def test_a_person_is_found_by_their_subject(stores: Stores) -> None:
    added = await stores.users.add_user(new_user("subject-1", "ann@example.org"), None)
    assert await stores.users.user_by_subject("subject-1") == added
    for other in ("subject-2", "SUBJECT-1", "", "a\0b", "\ud800"):
        assert await stores.users.user_by_subject(other) is None
