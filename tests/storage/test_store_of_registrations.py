"""`RegistrationStore`, and clients that registered by themselves and were never used."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from samples import NOW, Samples, client, consent, key

from quantimodo.model.registrations import RegistrationToken
from quantimodo.ports.stores import Stores

DAY = timedelta(days=1)
LEAVE = RegistrationToken(
    key=key("leave"), label="for Ann \u202e", uses_left=3, created_at=NOW, expires_at=NOW + DAY
)


async def test_a_token_comes_back_as_added_and_goes(stores: Stores) -> None:
    await stores.registrations.add_registration_token(LEAVE)
    assert await stores.registrations.registration_tokens() == [LEAVE]
    assert await stores.registrations.delete_registration_token(LEAVE.key)
    assert not await stores.registrations.delete_registration_token(LEAVE.key)
    assert not await stores.registrations.use_registration_token(LEAVE.key, NOW)


async def test_each_use_is_spent_by_one_of_many(stores: Stores) -> None:
    await stores.registrations.add_registration_token(LEAVE)
    spent = await asyncio.gather(
        *(stores.registrations.use_registration_token(LEAVE.key, NOW) for _ in range(10))
    )
    assert sum(spent) == 3
    assert await stores.registrations.registration_tokens() == [replace(LEAVE, uses_left=0)]


async def test_an_expired_token_permits_nothing_and_is_deleted(stores: Stores) -> None:
    await stores.registrations.add_registration_token(LEAVE)
    assert not await stores.registrations.use_registration_token(LEAVE.key, LEAVE.expires_at)
    assert await stores.retention.delete_expired("registration_tokens", LEAVE.expires_at, 10) == 1
    assert await stores.registrations.registration_tokens() == []


async def test_only_clients_without_consents_are_deleted(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    for name in ("idle", "used", "young"):
        ends = NOW + (DAY if name == "young" else timedelta(0))
        await stores.clients.add_client(client(name), ends)
    await stores.clients.add_client(client("known"))
    await stores.authorizations.save_consent(consent(person, "used", "basic"))
    assert await stores.retention.delete_expired("clients", NOW, 10) == 1
    assert await stores.retention.delete_expired("unused_clients", NOW, 10) == 1
    assert {each.id for each in await stores.clients.clients()} >= {"used", "young", "known"}
    assert await stores.clients.client("idle") is None
    assert await stores.retention.delete_expired("clients", NOW + DAY, 10) == 1
    assert await stores.clients.client("used") is not None
