"""`AccountClosingStore`: closed at once, opened again or deleted, and nothing is left."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from samples import (
    LATER,
    NOW,
    SOON,
    Samples,
    access_token_of,
    code_of,
    email_token,
    identity,
    key,
    login_code,
    pending_login,
    refresh_token,
    session,
    totp_enrolment,
    totp_factor,
)
from schemas import TableSchema, postgres_schema, sqlite_schema

from quantimodo.model.admin_actions import AdminAction, LogQuery
from quantimodo.model.events import Event
from quantimodo.model.measurements import Access, Entry, EntrySet, NewVariable
from quantimodo.model.sessions import LogoutRecipient
from quantimodo.model.user_profiles import Profile
from quantimodo.model.users import User
from quantimodo.ports.stores import Stores
from quantimodo.storage.database import Statement, execute
from quantimodo.storage.open import sqlite_path

DUE = NOW + timedelta(days=7)
AFTER = DUE + timedelta(seconds=1)


async def test_sessions_grants_and_login_codes_end_at_once(
    stores: Stores, samples: Samples
) -> None:
    person = await samples.user()
    grant = await samples.grant(person)
    assert await stores.tokens.redeem(
        code_of(grant), NOW, access_token_of(grant, "access"), refresh_token(grant, "refresh")
    )
    await stores.sessions.add_session(session("one", person), None)
    await stores.login_codes.add_login_code(login_code("code", person.id))
    assert await stores.closings.close_account(person.id, NOW, DUE) == DUE
    assert await stores.sessions.sessions_of(person.id) == []
    assert await stores.login_codes.login_code(key("code")) is None
    found = await stores.tokens.access_token(key("access"))
    assert found is not None
    assert found.revoked
    closed = await stores.users.user(person.id)
    assert closed is not None
    assert closed.deletes_at == DUE
    # The consent stays, for the case that the person keeps the account; no grant is saved on it.
    assert await stores.authorizations.consents_of(person.id)
    again = await samples.unsaved_grant(person, grant.client_id)
    assert not await stores.authorizations.add_grant(again, code_of(again))
    assert await stores.closings.reopen_account(person.id, NOW)
    assert await stores.authorizations.add_grant(again, code_of(again))


async def test_the_first_call_decides_when(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    assert await stores.closings.close_account(person.id, NOW, DUE) == DUE
    assert await stores.closings.close_account(person.id, SOON, LATER) == DUE
    assert await stores.closings.close_account(person.id + 1, NOW, DUE) is None


async def test_it_is_opened_again_until_it_is_due(stores: Stores, samples: Samples) -> None:
    person, other = await samples.user(), await samples.user()
    assert not await stores.closings.reopen_account(person.id, NOW)
    await stores.closings.close_account(person.id, NOW, DUE)
    assert await stores.closings.closed_accounts(NOW, 10) == []
    assert not await stores.closings.claim_deletion(person.id, NOW)
    assert not await stores.closings.reopen_account(person.id, DUE)
    assert [user.id for user in await stores.closings.closed_accounts(DUE, 10)] == [person.id]
    assert await stores.closings.reopen_account(person.id, NOW)
    assert not await stores.closings.claim_deletion(person.id, AFTER)
    assert not await stores.closings.claim_deletion(other.id, AFTER)


async def test_of_keeping_and_deleting_at_once_one_wins(stores: Stores, samples: Samples) -> None:
    """The clocks of two processes differ: for one it is due, for the other not yet."""
    for _ in range(10):
        person = await samples.user()
        await stores.closings.close_account(person.id, NOW, DUE)
        kept, claimed = await asyncio.gather(
            stores.closings.reopen_account(person.id, NOW),
            stores.closings.claim_deletion(person.id, AFTER),
        )
        assert kept != claimed
        if claimed:
            assert not await stores.closings.reopen_account(person.id, NOW)
            assert await stores.closings.claim_deletion(person.id, NOW)


async def test_no_grant_outlives_the_closing(stores: Stores, samples: Samples) -> None:
    for number in range(10):
        person = await samples.user()
        grants = [await samples.unsaved_grant(person, sid=None) for _ in range(3)]
        saves = [stores.authorizations.add_grant(each, code_of(each)) for each in grants]
        closing = stores.closings.close_account(person.id, NOW, DUE)
        await asyncio.gather(*saves[: number % 4], closing, *saves[number % 4 :])
        for grant in grants:
            found = await stores.tokens.authorization_code(code_of(grant).key)
            assert found is None or found.revoked


# ----------------------------------------------------------------------- nothing is left (GDPR)

# No other value of the samples has this id or this address.
PERSON = 7_654_321_987
# The record of what administrators did has the number of the person, and nothing else of them.
NUMBERED = {"admin_actions"}
EMAIL = "distinct.person@example.org"
_ADD = (
    "INSERT INTO users (id, subject, name, email, email_key, created_at, updated_at)"
    " {extra} VALUES ({{1}}, 'distinct', 'Distinct', {{2}}, {{2}}, {{3}}, {{3}})"
)


@pytest.fixture
async def schema(engine: str, database_url: str) -> dict[str, TableSchema]:
    if engine == "postgres":
        return await postgres_schema(database_url)
    path = sqlite_path(database_url)
    assert path is not None
    return sqlite_schema(path)


async def test_no_table_has_the_id_or_the_address_of_a_deleted_person(
    stores: Stores, samples: Samples, schema: dict[str, TableSchema]
) -> None:
    user = await _person_everywhere(stores, samples)
    before = await _tables_with(stores, schema)
    named = {
        name
        for name, table in schema.items()
        if {"user_id", "owner_id"} & table.columns.keys()
        and not any(reference[1] == "users" for reference in table.references)
    }
    assert named <= before, "the sample has no row of these tables: fill them"
    assert {"users", "identities", "events", "email_tokens", "sessions"} <= before
    await stores.closings.close_account(user.id, NOW, DUE)
    assert await stores.closings.claim_deletion(user.id, AFTER)
    assert await stores.users.delete_user(user.id, NOW)
    for table in stores.retention.expiring_tables:  # what expired in the grace period
        while await stores.retention.delete_expired(table, AFTER, 100):
            pass
    assert await _tables_with(stores, schema) == NUMBERED
    page = await stores.logs.search_admin_actions(LogQuery(), 10)
    assert [(each.action.user_id, each.action.detail) for each in page.items] == [
        (PERSON, ""),
        (None, ""),
    ]


async def _tables_with(stores: Stores, schema: dict[str, TableSchema]) -> set[str]:
    """The tables in which some value is the id, or contains the address."""
    database: Any = stores.users
    found = set()
    for name in schema:
        rows = await database._database.list_rows(Statement(f"SELECT * FROM {name}"))
        if any(_is_persons(value) for row in rows for value in row):
            found.add(name)
    return found


def _is_persons(value: Any) -> bool:
    if isinstance(value, bytes):
        return EMAIL.encode() in value
    return value == PERSON or EMAIL in str(value)


async def _person_everywhere(stores: Stores, samples: Samples) -> User:
    """A person with a row in every table that knows people."""
    database: Any = stores.users
    add = Statement(_ADD.format(extra=""), postgres=_ADD.format(extra="OVERRIDING SYSTEM VALUE"))
    await database._database.write(execute(add, PERSON, EMAIL, 1))
    user = await stores.users.user(PERSON)
    assert user is not None
    await stores.users.set_password(user.id, "hash", NOW)
    await stores.profiles.save_profile(user.id, Profile(nickname="x"), NOW)
    await stores.subjects.add_pairwise_subject(user.id, "sector", "pairwise")
    live = session("live", user)
    await stores.sessions.add_session(live, None)
    await stores.pending_logins.add_pending_login(pending_login("pending", user))
    await stores.email_tokens.add_email_token(
        email_token("own", user_id=user.id, email=EMAIL, payload=EMAIL.encode())
    )
    await stores.email_tokens.add_email_token(
        email_token("of a stranger", purpose="sign_up", email=EMAIL)
    )
    await samples.client(owner_id=user.id)
    grant = await samples.unsaved_grant(user, sid=live.sid)
    recipient = LogoutRecipient(
        sid=live.sid,
        client_id=grant.client_id,
        user_id=user.id,
        subject="subject",
        at=NOW,
        expires_at=LATER,
    )
    assert await stores.authorizations.add_grant(
        grant, code_of(grant), access_token_of(grant, "access"), recipient
    )
    await stores.identities.add_identity(user.id, identity("elsewhere", email=EMAIL))
    await stores.login_codes.add_login_code(login_code("login", user.id))
    await stores.second_factors.save_totp_enrolment(totp_enrolment(user))
    assert await stores.second_factors.confirm_totp_enrolment(
        totp_factor(user), [key("recovery")], None
    )
    unit, category = (
        (await stores.references.units())[0].id,
        (await stores.references.variable_categories())[0].id,
    )
    variable = NewVariable(name=EMAIL, category_id=category, unit_id=unit, combination="MEAN")
    entries = tuple(Entry(at * 1_000_000, 1.0, 1.0, unit, EMAIL) for at in range(2_500))
    assert await stores.measurements.save_measurements(
        user.id, [EntrySet(variable, "", entries)], NOW
    )
    for done in (
        AdminAction(at=NOW, kind="person.invite", detail=EMAIL),
        AdminAction(at=NOW, kind="person.disable", user_id=user.id, reason="asked by phone"),
    ):
        await stores.logs.add_admin_action(done)
    await stores.accesses.add_accesses(
        [Access(user_id=user.id, client_id="c", action="read", first_at=NOW, last_at=NOW)]
    )
    await stores.events.add_events(
        [Event(at=NOW, kind="x", user_id=user.id, detail=EMAIL) for _ in range(2_500)]
    )
    return user
