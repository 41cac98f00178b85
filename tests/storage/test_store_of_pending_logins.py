"""`PendingLoginStore`: logins that still need a second factor."""

import asyncio
from datetime import timedelta

import pytest
from samples import NOW, Samples, key, pending_login, session

from quantimodo.model.sessions import PendingLogin
from quantimodo.ports.stores import Conflict, Stores


async def test_a_pending_login_comes_back_with_its_person(stores: Stores, samples: Samples) -> None:
    saved = pending_login("p", await samples.user(), proof=b"\x00proof")
    await stores.pending_logins.add_pending_login(saved)
    assert await stores.pending_logins.pending_login(saved.key) == saved
    assert await stores.pending_logins.pending_login(key("another")) is None


async def test_it_is_taken_once(stores: Stores, samples: Samples) -> None:
    await stores.pending_logins.add_pending_login(pending_login("p", await samples.user()))
    taken = await asyncio.gather(
        *(stores.pending_logins.take_pending_login(key("p")) for _ in range(8))
    )
    assert sorted(taken) == [False] * 7 + [True]
    assert await stores.pending_logins.pending_login(key("p")) is None


async def test_a_deleted_person_has_none(stores: Stores, samples: Samples) -> None:
    gone, kept = await samples.user(), await samples.user()
    await stores.pending_logins.add_pending_login(pending_login("p", gone))
    await stores.pending_logins.add_pending_login(pending_login("q", kept))
    assert await stores.users.delete_user(gone.id, NOW)
    assert await stores.pending_logins.pending_login(key("p")) is None
    assert await stores.pending_logins.pending_login(key("q")) is not None
    with pytest.raises(Conflict):
        await stores.pending_logins.add_pending_login(pending_login("r", gone))


async def test_a_disabled_person_has_none(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    await stores.pending_logins.add_pending_login(pending_login("p", person))
    await stores.users.set_disabled(person.id, NOW)
    assert await stores.pending_logins.pending_login(key("p")) is None


async def test_the_end_of_all_sessions_ends_pending_logins(
    stores: Stores, samples: Samples
) -> None:
    person, other = await samples.user(), await samples.user()
    await stores.sessions.add_session(session("s", person), None)
    await stores.pending_logins.add_pending_login(pending_login("p", person))
    await stores.pending_logins.add_pending_login(pending_login("q", other))
    assert await stores.sessions.end_sessions(person.id, NOW, key("s")) == 0
    assert await stores.pending_logins.pending_login(key("p")) is None
    assert await stores.pending_logins.pending_login(key("q")) is not None
    assert await stores.sessions.session(key("s")) is not None


async def test_a_person_has_no_more_than_the_newest_five(stores: Stores, samples: Samples) -> None:
    person, other = await samples.user(), await samples.user()
    await stores.pending_logins.add_pending_login(pending_login("other", other))
    keys = [bytes([number]) * 39 for number in range(1, 8)]
    for each in keys:
        at = NOW + timedelta(seconds=each[0])
        saved = PendingLogin(
            key=each, user=person, proof=b"", created_at=at, expires_at=at + timedelta(minutes=10)
        )
        await stores.pending_logins.add_pending_login(saved)
    left = [each for each in keys if await stores.pending_logins.pending_login(each) is not None]
    assert left == keys[-5:]
    assert await stores.pending_logins.pending_login(key("other")) is not None
