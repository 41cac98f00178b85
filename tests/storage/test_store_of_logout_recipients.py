"""`LogoutRecipientStore`: whom to tell when a session ends, and what ends with it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from samples import (
    LATER,
    NOW,
    SOON,
    SUCCESSOR_NONCE,
    Samples,
    code_of,
    identity,
    key,
    refresh_token,
    session,
)

from quantimodo.model.sessions import LogoutRecipient
from quantimodo.model.tokens import Grant
from quantimodo.model.users import User
from quantimodo.ports.stores import Stores

LEASE = timedelta(minutes=1)
ONLINE = frozenset({"openid"})


def logout_recipient(grant: Grant, **changes: object) -> LogoutRecipient:
    assert grant.sid is not None
    values: dict[str, object] = {
        "sid": grant.sid,
        "client_id": grant.client_id,
        "user_id": grant.user_id,
        "subject": "some subject",
        "at": NOW,
        "expires_at": LATER,
    }
    return LogoutRecipient(**values | changes)  # type: ignore[arg-type]


async def _given(
    stores: Stores, samples: Samples, person: User, name: str, **changes: object
) -> Grant:
    """An authorization in this session, whose application receives logout notifications."""
    grant = await samples.unsaved_grant(
        person, **{"sid": f"sid of {name}", "scope": ONLINE} | changes
    )
    assert await stores.authorizations.add_grant(
        grant, code_of(grant), None, logout_recipient(grant)
    )
    return grant


async def _due(stores: Stores) -> list[str]:
    return sorted(
        each.sid
        for each in await stores.logout_recipients.claim_logout_notifications(NOW, LEASE, 100)
    )


async def _is_revoked(stores: Stores, grant: Grant) -> bool:
    found = await stores.tokens.authorization_code(code_of(grant).key)
    return found is None or found.revoked


async def test_a_participant_comes_back(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    await stores.sessions.add_session(session("s", person), None)
    grant = await _given(stores, samples, person, "s")
    assert await stores.logout_recipients.logout_recipients("sid of s") == [logout_recipient(grant)]
    assert await stores.logout_recipients.logout_recipients("unknown") == []
    found = await stores.tokens.authorization_code(code_of(grant).key)
    assert found is not None
    assert found.grant == grant


async def test_a_grant_keeps_its_session_through_refreshes(
    stores: Stores, samples: Samples
) -> None:
    person = await samples.user()
    await stores.sessions.add_session(session("s", person), None)
    grant = await _given(stores, samples, person, "s")
    token = refresh_token(grant, "r")
    assert await stores.tokens.redeem(code_of(grant), NOW, None, token)
    found = await stores.tokens.refresh_token(token.key)
    assert found is not None
    assert found.grant.sid == "sid of s"
    without = await samples.refresh_token()
    found = await stores.tokens.refresh_token(without.key)
    assert found is not None
    assert found.grant.sid is None


async def test_the_same_application_takes_part_once(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    await stores.sessions.add_session(session("s", person), None)
    first = await _given(stores, samples, person, "s")
    again = await samples.unsaved_grant(
        person, first.client_id, sid="sid of s", scope=ONLINE, created_at=SOON
    )
    later = logout_recipient(again, at=SOON, subject="another subject")
    assert await stores.authorizations.add_grant(again, code_of(again), None, later)
    assert await stores.logout_recipients.logout_recipients("sid of s") == [later]


async def test_nothing_is_given_in_a_session_that_is_over(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    grant = await samples.unsaved_grant(person, sid="sid of s", scope=ONLINE)
    assert not await stores.authorizations.add_grant(
        grant, code_of(grant), None, logout_recipient(grant)
    )
    assert await stores.tokens.authorization_code(code_of(grant).key) is None
    assert await stores.logout_recipients.logout_recipients("sid of s") == []


async def test_a_live_session_sends_no_notification(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    await stores.sessions.add_session(session("s", person), None)
    await _given(stores, samples, person, "s")
    assert await _due(stores) == []


async def test_the_end_of_a_session_makes_its_participants_due(
    stores: Stores, samples: Samples
) -> None:
    person = await samples.user()
    for name in ("a", "b"):
        await stores.sessions.add_session(session(name, person), None)
    grant = await _given(stores, samples, person, "a")
    await _given(stores, samples, person, "b")
    assert await stores.sessions.end_session(person.id, key("a"), NOW)
    claimed = await stores.logout_recipients.claim_logout_notifications(NOW, LEASE, 100)
    assert claimed == [logout_recipient(grant)]


async def test_all_other_ends_do_so_too(stores: Stores, samples: Samples) -> None:
    people = [await samples.user() for _ in range(5)]
    for number, person in enumerate(people):
        await stores.sessions.add_session(session(f"{number}", person), None)
        await _given(stores, samples, person, f"{number}")
    await stores.sessions.end_sessions(people[0].id, NOW)
    assert await stores.users.delete_user(people[1].id, NOW)
    email = people[2].email
    assert email is not None
    assert await stores.users.mark_email_verified(people[2].id, email, NOW, keep_credentials=False)
    await stores.sessions.add_session(session("new", people[0]), key("3"))
    ended = await stores.identities.add_identity(people[4].id, identity("ended"))
    assert await stores.identities.end_identity(ended.issuer, ended.subject, NOW) == ended
    assert await _due(stores) == [f"sid of {number}" for number in range(5)]


async def test_another_session_of_the_same_person_goes_on_under_its_name(
    stores: Stores, samples: Samples
) -> None:
    person = await samples.user()
    await stores.sessions.add_session(session("before", person), None)
    grant = await _given(stores, samples, person, "before")
    end = LATER + timedelta(days=1)
    await stores.sessions.add_session(session("after", person, expires_at=end), key("before"))
    found = await stores.sessions.session(key("after"))
    assert found is not None
    assert found.sid == "sid of before"
    assert await _due(stores) == []
    assert await stores.logout_recipients.logout_recipients("sid of before") == [
        logout_recipient(grant, expires_at=end)
    ]
    assert not await _is_revoked(stores, grant)


async def test_grants_of_the_session_end_with_it(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    for name in ("s", "other"):
        await stores.sessions.add_session(session(name, person), None)
    online = await _given(stores, samples, person, "s")
    offline = await _given(
        stores, samples, person, "s", scope=frozenset({"openid", "offline_access"})
    )
    other = await _given(stores, samples, person, "other")
    plain = await samples.grant(person, scope=frozenset({"basic"}))
    token = refresh_token(online, "r")
    assert await stores.tokens.redeem(code_of(online), NOW, None, token)
    assert await stores.sessions.end_session(person.id, key("s"), NOW)
    assert await _is_revoked(stores, online)
    assert not await stores.tokens.rotate(
        token, NOW, SUCCESSOR_NONCE, None, refresh_token(online, "successor")
    )
    for grant in (offline, other, plain):
        assert not await _is_revoked(stores, grant)


async def test_of_a_response_and_an_end_at_once_one_comes_first(
    stores: Stores, samples: Samples
) -> None:
    for number in range(10):
        person = await samples.user()
        await stores.sessions.add_session(session(f"{number}", person), None)
        grant = await samples.unsaved_grant(person, sid=f"sid of {number}", scope=ONLINE)
        given, ended = await asyncio.gather(
            stores.authorizations.add_grant(grant, code_of(grant), None, logout_recipient(grant)),
            stores.sessions.end_session(person.id, key(f"{number}"), NOW),
        )
        assert ended
        assert await _is_revoked(stores, grant)
        assert await _due(stores) == ([f"sid of {number}"] if given else [])
        await stores.logout_recipients.delete_logout_notification(
            f"sid of {number}", grant.client_id
        )


async def test_a_claim_is_held_for_its_lease(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    await stores.sessions.add_session(session("s", person), None)
    grant = await _given(stores, samples, person, "s")
    await stores.sessions.end_sessions(person.id, NOW)
    assert await _due(stores) == ["sid of s"]
    assert await _due(stores) == []
    [again] = await stores.logout_recipients.claim_logout_notifications(NOW + LEASE, LEASE, 100)
    assert again == replace(logout_recipient(grant), attempts=1)


async def test_of_many_claims_each_gets_its_own(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    await stores.sessions.add_session(session("s", person), None)
    for _ in range(9):
        await _given(stores, samples, person, "s")
    await stores.sessions.end_sessions(person.id, NOW)
    claims = await asyncio.gather(
        *(stores.logout_recipients.claim_logout_notifications(NOW, LEASE, 2) for _ in range(6))
    )
    claimed = [each.client_id for claim in claims for each in claim]
    assert len(claimed) == len(set(claimed))
    assert all(len(claim) <= 2 for claim in claims)


async def test_a_delayed_one_comes_back_and_a_dropped_one_does_not(
    stores: Stores, samples: Samples
) -> None:
    person = await samples.user()
    await stores.sessions.add_session(session("s", person), None)
    first, second = [await _given(stores, samples, person, "s") for _ in range(2)]
    await stores.sessions.end_sessions(person.id, NOW)
    assert len(await _due(stores)) == 2
    await stores.logout_recipients.delay_logout_notification(
        "sid of s", first.client_id, SOON + LEASE
    )
    await stores.logout_recipients.delete_logout_notification("sid of s", second.client_id)
    assert await stores.logout_recipients.claim_logout_notifications(SOON, LEASE, 100) == []
    [again] = await stores.logout_recipients.claim_logout_notifications(SOON + LEASE, LEASE, 100)
    assert again.client_id == first.client_id
    assert again.attempts == 1


async def test_notifications_are_sent_after_the_person_was_deleted_without_the_id(
    stores: Stores, samples: Samples
) -> None:
    """Also retries that come after the grace period of a closed account (issue 16.5)."""
    person, other = await samples.user(), await samples.user()
    for name, whose in (("s", person), ("t", person), ("other", other)):
        await stores.sessions.add_session(session(name, whose), None)
        await _given(stores, samples, whose, name)
    await stores.closings.close_account(person.id, NOW, NOW)
    first = await stores.logout_recipients.claim_logout_notifications(NOW, LEASE, 100)
    assert {each.user_id for each in first} == {person.id}
    await stores.users.delete_user(person.id, NOW)
    again = await stores.logout_recipients.claim_logout_notifications(NOW + LEASE, LEASE, 100)
    assert [(each.sid, each.user_id, each.attempts) for each in sorted(again, key=_sid)] == [
        ("sid of s", None, 1),
        ("sid of t", None, 1),
    ]
    assert {each.subject for each in again} == {"some subject"}


def _sid(recipient: LogoutRecipient) -> str:
    return recipient.sid
