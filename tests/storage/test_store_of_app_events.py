"""`AppEventStore`: each change is reported in its own transaction, to those who may know of it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from samples import (
    LATER,
    NOW,
    SOON,
    Samples,
    code_of,
    consent,
    key,
    new_user,
    session,
    webhook_endpoint,
)

from quantimodo.model.app_events import MOST_EVENTS, AppEvent
from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.model.tokens import Grant
from quantimodo.model.user_profiles import Address, Profile
from quantimodo.ports.stores import Conflict, Stores
from quantimodo.storage.tables import event_outbox

Reported = list[tuple[str, dict[str, Any]]]
SCOPE = frozenset({"openid", "basic", "readmeasurements"})


async def listening(stores: Stores, samples: Samples, **changes: object) -> str:
    client = await samples.client(**changes)
    await stores.app_events.set_polled(client.id, True)
    return client.id


async def events(stores: Stores, client_id: str, after: int = 0) -> list[AppEvent]:
    return list(await stores.app_events.events_after(client_id, after, 100))


async def reported(stores: Stores, client_id: str) -> Reported:
    return [(each.kind, dict(each.data)) for each in await events(stores, client_id)]


async def kinds(stores: Stores, client_id: str) -> list[str]:
    return [kind for kind, _ in await reported(stores, client_id)]


async def granted(stores: Stores, samples: Samples, **changes: object) -> Grant:
    """A grant of a new application whose events are kept."""
    client_id = await listening(stores, samples)
    return await samples.grant(client_id=client_id, scope=SCOPE, **changes)


async def test_a_grant_and_its_end_are_reported_under_one_id(
    stores: Stores, samples: Samples
) -> None:
    grant = await granted(stores, samples)
    assert await stores.tokens.revoke_grant(grant.id, SOON)
    assert not await stores.tokens.revoke_grant(grant.id, SOON)
    created, revoked = await events(stores, grant.client_id)
    assert (created.kind, revoked.kind) == ("grant.created", "grant.revoked")
    assert created.data["scope"] == "basic openid readmeasurements"
    assert created.data["grant_id"] == revoked.data["grant_id"]
    assert key(created.data["grant_id"]) != grant.id
    assert (created.number, revoked.number) == (1, 2)
    assert (revoked.at, revoked.user_id) == (SOON, grant.user_id)


async def test_a_managed_grant_has_its_public_id(stores: Stores, samples: Samples) -> None:
    grant = await granted(stores, samples, public_id="public")
    assert await stores.authorizations.revoke_managed_grant("public", grant.client_id, SOON)
    ids = [each.data["grant_id"] for each in await events(stores, grant.client_id)]
    assert ids == ["public", "public"]


async def test_each_end_of_a_grant_is_reported(stores: Stores, samples: Samples) -> None:
    """Each place where `grants.revoked_at` is set."""

    async def verify(grant: Grant) -> None:
        user = await stores.users.user(grant.user_id)
        assert user is not None
        assert await stores.users.mark_email_verified(
            user.id, user.email or "", SOON, keep_credentials=False
        )

    endings = {
        "withdrawal": lambda grant: stores.authorizations.withdraw_consent(
            grant.user_id, grant.client_id, SOON
        ),
        "closing": lambda grant: stores.closings.close_account(grant.user_id, SOON, LATER),
        "verification": verify,
        "end of the session": lambda grant: stores.sessions.end_sessions(grant.user_id, SOON),
        "a narrower consent": lambda grant: stores.authorizations.change_consent(
            grant.user_id,
            grant.client_id,
            lambda before: replace(before, scope=frozenset({"basic"}), updated_at=SOON),
        ),
    }
    for name, end in endings.items():
        person = await samples.user()
        await stores.sessions.add_session(session(name, person), None)
        client_id = await listening(stores, samples)
        grant = await samples.unsaved_grant(person, client_id, scope=SCOPE, sid=f"sid of {name}")
        assert await stores.authorizations.add_grant(grant, code_of(grant))
        await end(grant)
        found = await kinds(stores, client_id)
        assert found.count("grant.revoked") == 1, name


async def test_a_changed_and_a_withdrawn_consent_are_reported(
    stores: Stores, samples: Samples
) -> None:
    grant = await granted(stores, samples)
    store = stores.authorizations
    key_of = (grant.user_id, grant.client_id)
    assert await store.change_consent(*key_of, lambda before: before)
    assert "consent.changed" not in await kinds(stores, grant.client_id)
    less = frozenset({"basic", "openid"})
    assert await store.change_consent(
        *key_of, lambda before: replace(before, scope=less, expires_at=LATER, updated_at=SOON)
    )
    assert await store.withdraw_consent(*key_of, SOON)
    changes = [data for kind, data in await reported(stores, grant.client_id) if "consent" in kind]
    assert changes == [
        {"change": "changed", "scope": "basic openid", "expires_at": int(LATER.timestamp())},
        {"change": "withdrawn", "scope": "", "expires_at": None},
    ]


async def test_changed_claims_are_reported_to_those_who_may_see_them(
    stores: Stores, samples: Samples
) -> None:
    person = await samples.user()
    apps = {}
    for scope in ("basic", "profile", "email", "address", "readmeasurements"):
        apps[scope] = await listening(stores, samples)
        await stores.authorizations.save_consent(consent(person, apps[scope], scope))
    await stores.users.rename_user(person.id, "Another Name", SOON)
    await stores.users.change_email(person.id, "another@example.org", SOON)
    profile = Profile(nickname="Nick", address=Address(country="NZ"))
    for _ in range(2):  # the second one changes nothing
        await stores.profiles.save_profile(person.id, profile, SOON)
    claims = {
        scope: [data["claims"] for kind, data in await reported(stores, client_id)]
        for scope, client_id in apps.items()
    }
    assert claims == {
        "basic": [["name"], ["email", "email_verified"]],
        "profile": [["name"], ["nickname"]],
        "email": [["email", "email_verified"]],
        "address": [["address"]],
        "readmeasurements": [],
    }


async def test_a_deletion_is_reported_by_the_subject_that_the_application_knows(
    stores: Stores, samples: Samples
) -> None:
    person = await samples.user()
    pairwise = ClientMetadata(subject_type="pairwise")
    public, known, unknown = (
        await listening(stores, samples),
        await listening(
            stores, samples, metadata=pairwise, redirect_uris=("https://known.example.org/",)
        ),
        await listening(
            stores, samples, metadata=pairwise, redirect_uris=("https://other.example.org/",)
        ),
    )
    await stores.subjects.add_pairwise_subject(person.id, "known.example.org", "pairwise-name")
    for client_id in (public, known, unknown):
        await samples.grant(person, client_id)
    assert await stores.users.delete_user(person.id, SOON)
    assert await reported(stores, public) == [("user.deleted", {"subject": person.subject})]
    assert await reported(stores, known) == [("user.deleted", {"subject": "pairwise-name"})]
    assert await reported(stores, unknown) == []
    assert [each.user_id for each in await events(stores, known)] == [None]


async def test_no_event_is_kept_without_a_recipient(stores: Stores, samples: Samples) -> None:
    silent = await samples.grant(scope=SCOPE)
    assert await stores.app_events.stream(silent.client_id) is None
    client = await samples.client()
    hook = webhook_endpoint(client.id, kinds=frozenset({"grant.revoked"}))
    assert await stores.webhooks.add_endpoint(hook)
    grant = await samples.grant(client_id=client.id)
    assert await stores.tokens.revoke_grant(grant.id, SOON)
    assert await kinds(stores, client.id) == ["grant.revoked"]
    await stores.app_events.set_polled(client.id, True)
    await samples.grant(client_id=client.id)
    await stores.app_events.set_polled(client.id, False)
    await samples.grant(client_id=client.id)
    assert await kinds(stores, client.id) == ["grant.revoked", "grant.created"]
    with pytest.raises(Conflict):
        await stores.app_events.set_polled("unknown", True)


async def test_a_change_that_is_rolled_back_is_not_reported(
    stores: Stores, samples: Samples
) -> None:
    person = await samples.user()
    await samples.user("taken@example.org")
    scope = frozenset({"basic", "email"})
    grant = await samples.unsaved_grant(person, scope=scope)
    client_id = grant.client_id
    await stores.app_events.set_polled(client_id, True)
    with pytest.raises(Conflict):
        await stores.users.change_email(person.id, "taken@example.org", SOON)
    refused = grant._replace(scope=frozenset({"phone"}))
    assert not await stores.authorizations.add_grant(refused, code_of(refused))
    assert await reported(stores, client_id) == []
    stream = await stores.app_events.stream(client_id)
    assert stream is not None
    assert stream.last_number == 0


async def test_numbers_have_no_gap_under_concurrency(stores: Stores, samples: Samples) -> None:
    client_id = await listening(stores, samples)
    grants = [await samples.grant(client_id=client_id) for _ in range(8)]
    before = len(grants)
    await asyncio.gather(*(stores.tokens.revoke_grant(each.id, SOON) for each in grants))
    found = await events(stores, client_id, after=before)
    assert [each.number for each in found] == list(range(before + 1, 2 * before + 1))
    assert {each.kind for each in found} == {"grant.revoked"}


async def test_the_oldest_are_dropped_and_the_gap_is_marked(
    stores: Stores, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_EVENTS >= 1_000
    monkeypatch.setattr(event_outbox, "MOST_EVENTS", 3)
    client = await samples.client()
    slow = webhook_endpoint(client.id, "slow")
    assert await stores.webhooks.add_endpoint(slow)
    for _ in range(5):
        await samples.grant(client_id=client.id)
    stream = await stores.app_events.stream(client.id)
    assert stream is not None
    assert (stream.last_number, stream.dropped_number) == (5, 2)
    assert [each.number for each in await events(stores, client.id)] == [3, 4, 5]
    found = await stores.webhooks.endpoint(client.id, slow.id)
    assert found is not None
    assert found.dropped == 2


async def test_expired_events_go_and_the_gap_is_marked(stores: Stores, samples: Samples) -> None:
    grant = await granted(stores, samples)
    assert await stores.retention.delete_expired("app_events", NOW + timedelta(days=29), 10) == 0
    assert await stores.tokens.revoke_grant(grant.id, NOW + timedelta(days=20))
    assert await stores.retention.delete_expired("app_events", NOW + timedelta(days=31), 10) == 1
    stream = await stores.app_events.stream(grant.client_id)
    assert stream is not None
    assert stream.dropped_number == 1
    assert await kinds(stores, grant.client_id) == ["grant.revoked"]


async def test_nothing_of_a_deleted_person_stays(stores: Stores, samples: Samples) -> None:
    grant = await granted(stores, samples)
    assert await kinds(stores, grant.client_id) == ["grant.created"]
    assert await stores.users.delete_user(grant.user_id, NOW)
    # Only that the account is gone, by the subject that the application knows.
    assert await kinds(stores, grant.client_id) == ["user.deleted"]
    newcomer = await stores.users.add_user(new_user("someone"), None)
    assert newcomer.id != grant.user_id
