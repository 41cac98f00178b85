"""`DeviceAuthorizationStore`: devices that wait for a person, on each engine."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from samples import LATER, NOW, SOON, Samples, device_authorization, key

from quantimodo.model.confirmations import Confirmation
from quantimodo.model.tokens import AuthorizationCode
from quantimodo.ports.stores import Conflict, Stores

SECOND = timedelta(seconds=1)


async def test_it_is_found_by_both_codes(stores: Stores) -> None:
    store = stores.device_authorizations
    device = device_authorization("d", confirmation=Confirmation("jkt", "a" * 43))
    await store.add_device_authorization(device)
    assert await store.device_authorization(device.key) == device
    assert await store.device_of_user_code(device.user_code) == device
    assert await store.device_authorization(key("other")) is None
    assert await store.device_of_user_code(b"other") is None


async def test_a_user_code_is_taken_once(stores: Stores) -> None:
    store = stores.device_authorizations
    device = device_authorization("d")
    await store.add_device_authorization(device)
    with pytest.raises(Conflict):
        await store.add_device_authorization(replace(device, key=key("e")))


async def test_of_polls_at_once_one_is_noted(stores: Stores) -> None:
    store, device = stores.device_authorizations, device_authorization("d")
    await store.add_device_authorization(device)
    polled = replace(device, polled_at=NOW + SECOND)
    noted = await asyncio.gather(*(store.record_poll(device, polled) for _ in range(4)))
    assert sorted(noted) == [False, False, False, True]
    slower = replace(polled, interval=timedelta(seconds=10))
    assert not await store.record_poll(device, slower)
    assert await store.record_poll(polled, slower)
    assert await store.device_authorization(device.key) == slower


async def test_one_session_confirms_it(stores: Stores) -> None:
    store, device = stores.device_authorizations, device_authorization("d")
    await store.add_device_authorization(device)
    holders = [bytes([number]) * 32 for number in range(4)]
    confirmed = await asyncio.gather(
        *(store.bind_device(device.key, holder, NOW) for holder in holders)
    )
    assert sorted(confirmed) == [False, False, False, True]
    winner = holders[confirmed.index(True)]
    assert await store.bind_device(device.key, winner, NOW)
    assert not await store.bind_device(device.key, winner, SOON)
    found = await store.device_authorization(device.key)
    assert found is not None
    assert found.confirmed_by == winner


async def test_it_is_approved_or_refused_once(stores: Stores, samples: Samples) -> None:
    store = stores.device_authorizations
    for refused_first in (True, False):
        device = device_authorization(f"d{refused_first}")
        await store.add_device_authorization(device)
        grant = await samples.unsaved_grant(await samples.user(), created_at=NOW)
        code = AuthorizationCode(device.key, grant.id, None, None, None, SOON)
        if refused_first:
            assert await store.refuse_device(device.key, NOW)
        approved = await stores.authorizations.add_grant(grant, code, polled=device.key)
        assert approved is not refused_first
        assert not await store.refuse_device(device.key, NOW)
        assert not await store.bind_device(device.key, b"holder", NOW)
        assert not await store.record_poll(device, replace(device, polled_at=NOW))
        found = await store.device_authorization(device.key)
        assert found is not None
        assert found.approved is not refused_first
        assert found.refused is refused_first
        assert (await stores.tokens.authorization_code(device.key) is None) is refused_first


async def test_an_expired_one_is_not_approved(stores: Stores, samples: Samples) -> None:
    device = device_authorization("d", expires_at=NOW)
    await stores.device_authorizations.add_device_authorization(device)
    grant = await samples.unsaved_grant(await samples.user(), created_at=NOW)
    code = AuthorizationCode(device.key, grant.id, None, None, None, LATER)
    assert not await stores.authorizations.add_grant(grant, code, polled=device.key)
    assert await stores.tokens.authorization_code(device.key) is None
