"""`SessionStore` and `EmailTokenStore`: signed-in browsers, and one-time links."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from samples import LATER, NOW, SOON, Samples, email_token, key, session

from quantimodo.ports.stores import Conflict, Stores


async def test_a_session_comes_back_with_its_person(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    saved = session("s", person, methods=("pwd", "otp"), address="192.0.2.7", agent="Bröwser")
    await stores.sessions.add_session(saved, None)
    assert await stores.sessions.session(saved.key) == saved


async def test_an_unknown_session_is_none(stores: Stores) -> None:
    assert await stores.sessions.session(key("s")) is None
    assert await stores.sessions.session(b"") is None


async def test_an_expired_session_is_found(stores: Stores, samples: Samples) -> None:
    saved = session("s", await samples.user(), expires_at=NOW - timedelta(days=1))
    await stores.sessions.add_session(saved, None)
    assert await stores.sessions.session(saved.key) == saved


async def test_a_new_session_ends_the_one_before(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    await stores.sessions.add_session(session("before", person), None)
    await stores.sessions.add_session(session("after", person), key("before"))
    assert await stores.sessions.session(key("before")) is None
    assert await stores.sessions.session(key("after")) is not None


async def test_a_session_that_cannot_be_added_ends_none(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    await stores.sessions.add_session(session("before", person), None)
    await stores.sessions.add_session(session("other", person), None)
    with pytest.raises(Conflict):
        await stores.sessions.add_session(session("other", person), key("before"))
    assert await stores.sessions.session(key("before")) is not None


async def test_an_unknown_person_gets_no_session(stores: Stores, samples: Samples) -> None:
    gone = await samples.user()
    assert await stores.users.delete_user(gone.id, NOW)
    with pytest.raises(Conflict):
        await stores.sessions.add_session(session("s", gone), None)


async def test_a_disabled_person_has_no_session_until_enabled(
    stores: Stores, samples: Samples
) -> None:
    person = await samples.user()
    await stores.sessions.add_session(session("s", person), None)
    await stores.users.set_disabled(person.id, NOW)
    with pytest.raises(Conflict):
        await stores.sessions.add_session(session("late", person), key("s"))
    assert await stores.sessions.session(key("s")) is None
    assert await stores.sessions.sessions_of(person.id) == []
    await stores.users.set_disabled(person.id, None)
    assert await stores.sessions.session(key("s")) is not None
    assert await stores.sessions.session(key("late")) is None


async def test_sessions_are_listed_last_seen_first(stores: Stores, samples: Samples) -> None:
    person, other = await samples.user(), await samples.user()
    for name, minutes in (("a", 2), ("b", 3), ("c", 1)):
        seen = NOW + timedelta(minutes=minutes)
        await stores.sessions.add_session(session(name, person, seen_at=seen), None)
    await stores.sessions.add_session(session("other", other), None)
    keys = [found.key for found in await stores.sessions.sessions_of(person.id)]
    assert keys == [key("b"), key("a"), key("c")]


async def test_a_touch_moves_the_last_visit_forward_only(stores: Stores, samples: Samples) -> None:
    saved = session("s", await samples.user())
    await stores.sessions.add_session(saved, None)
    await stores.sessions.record_session_use(saved.key, SOON)
    await stores.sessions.record_session_use(saved.key, NOW)
    await stores.sessions.record_session_use(key("unknown"), SOON)
    assert await stores.sessions.session(saved.key) == replace(saved, seen_at=SOON)


async def test_only_its_owner_ends_a_session(stores: Stores, samples: Samples) -> None:
    person, other = await samples.user(), await samples.user()
    await stores.sessions.add_session(session("s", person), None)
    assert not await stores.sessions.end_session(other.id, key("s"), NOW)
    assert await stores.sessions.session(key("s")) is not None
    assert await stores.sessions.end_session(person.id, key("s"), NOW)
    assert not await stores.sessions.end_session(person.id, key("s"), NOW)
    assert await stores.sessions.session(key("s")) is None


async def test_all_sessions_end_but_one_or_all(stores: Stores, samples: Samples) -> None:
    person, other = await samples.user(), await samples.user()
    for name in ("a", "b", "c"):
        await stores.sessions.add_session(session(name, person), None)
    await stores.sessions.add_session(session("other", other), None)
    assert await stores.sessions.end_sessions(person.id, NOW, except_key=key("b")) == 2
    assert [found.key for found in await stores.sessions.sessions_of(person.id)] == [key("b")]
    assert await stores.sessions.end_sessions(person.id, NOW) == 1
    assert await stores.sessions.end_sessions(person.id, NOW) == 0
    assert len(await stores.sessions.sessions_of(other.id)) == 1


async def test_an_email_token_is_read_as_added_with_a_folded_address(
    stores: Stores, samples: Samples
) -> None:
    person = await samples.user()
    saved = email_token("t", email="Ann@Example.org", user_id=person.id, payload=b"\0payload")
    await stores.email_tokens.add_email_token(saved)
    kept = replace(saved, email="ann@example.org")
    assert await stores.email_tokens.email_token(saved.key) == kept
    assert await stores.email_tokens.take_email_token(saved.key) == kept


async def test_an_unknown_email_token_is_none(stores: Stores) -> None:
    assert await stores.email_tokens.email_token(key("t")) is None
    assert await stores.email_tokens.take_email_token(key("t")) is None


async def test_an_email_token_is_taken_once(stores: Stores) -> None:
    await stores.email_tokens.add_email_token(email_token("t"))
    taken = await asyncio.gather(
        *(stores.email_tokens.take_email_token(key("t")) for _ in range(20))
    )
    assert len([one for one in taken if one is not None]) == 1
    assert await stores.email_tokens.email_token(key("t")) is None


async def test_an_email_token_is_added_once(stores: Stores) -> None:
    await stores.email_tokens.add_email_token(email_token("t"))
    with pytest.raises(Conflict):
        await stores.email_tokens.add_email_token(email_token("t", email="other@example.org"))


async def test_email_tokens_are_dropped_by_purpose_and_address(stores: Stores) -> None:
    await stores.email_tokens.add_email_token(email_token("a", email="Ann@example.org"))
    await stores.email_tokens.add_email_token(email_token("b", email="ann@example.org"))
    await stores.email_tokens.add_email_token(
        email_token("c", email="ann@example.org", purpose="verify_email")
    )
    await stores.email_tokens.add_email_token(
        email_token("d", email="bob@example.org", expires_at=LATER)
    )
    await stores.email_tokens.delete_email_tokens("reset_password", "ANN@example.org")
    left = [name for name in "abcd" if await stores.email_tokens.email_token(key(name)) is not None]
    assert left == ["c", "d"]
