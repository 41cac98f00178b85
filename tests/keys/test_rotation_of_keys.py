"""Signing keys: one signs, the next is published first, the old one until all has expired."""

import json
from datetime import timedelta

import pytest

from quantimodo.crypto.envelope import Envelope
from quantimodo.keys.keyring import Keyring
from quantimodo.keys.rotation import Rotation, RotationPolicy, SigningKeyInUse
from quantimodo.model.keys import ALGORITHMS
from quantimodo.ports.clock import Entropy
from quantimodo.ports.stores import Stores, Unavailable
from support.account_services import MovableClock

DAY = timedelta(days=1)
POLICY = RotationPolicy(rotate_every=90 * DAY, publish_before=DAY, signed_lifetime=2 * DAY)


@pytest.fixture
def envelope(entropy: Entropy) -> Envelope:
    return Envelope([entropy.bytes(32)], entropy)


@pytest.fixture
def rotation(stores: Stores, envelope: Envelope, clock: MovableClock) -> Rotation:
    return Rotation(stores.keys, envelope, POLICY, clock)


async def signing(stores: Stores, envelope: Envelope, clock: MovableClock) -> str:
    keyring = Keyring(stores.keys, envelope, clock)
    await keyring.load()
    return keyring.signer("ES256").kid


async def without_keys(stores: Stores, envelope: Envelope, clock: MovableClock) -> None:
    for key in await stores.keys.signing_keys():
        await stores.keys.delete_signing_key(key.kid)
    await signing(stores, envelope, clock)


async def test_the_first_keys_sign_at_once_and_are_made_once(
    stores: Stores, rotation: Rotation, envelope: Envelope, clock: MovableClock
) -> None:
    assert await rotation.ensure()
    assert not await rotation.ensure()
    assert len(await stores.keys.signing_keys()) == len(ALGORITHMS)
    assert await signing(stores, envelope, clock)


async def test_keys_sign_also_when_the_clock_was_set_back_to_before_they_were_made(
    stores: Stores, rotation: Rotation, envelope: Envelope, clock: MovableClock
) -> None:
    await rotation.ensure()
    made = await signing(stores, envelope, clock)
    clock.advance(timedelta(hours=-2))
    assert await signing(stores, envelope, clock) == made
    keyring = Keyring(stores.keys, envelope, clock)
    await keyring.load()
    await keyring.check()
    assert made.encode() in await keyring.document()
    # A key that waits does not sign before the one that was made first.
    clock.advance(timedelta(hours=2))
    await rotation.rotate(publish_before=DAY)
    clock.advance(timedelta(hours=-2))
    assert await signing(stores, envelope, clock) == made
    with pytest.raises(Unavailable, match="no signing key"):
        await without_keys(stores, envelope, clock)


async def test_a_due_key_is_published_before_it_signs(
    stores: Stores, rotation: Rotation, envelope: Envelope, clock: MovableClock
) -> None:
    await rotation.ensure()
    first = await signing(stores, envelope, clock)
    clock.advance(89 * DAY + timedelta(hours=1))
    assert await rotation.ensure()
    assert len(await stores.keys.signing_keys()) == 2 * len(ALGORITHMS)
    assert await signing(stores, envelope, clock) == first
    clock.advance(DAY)
    assert await signing(stores, envelope, clock) != first


async def test_a_key_made_for_now_overtakes_the_one_that_waits(
    stores: Stores, rotation: Rotation, envelope: Envelope, clock: MovableClock
) -> None:
    await rotation.ensure()
    waiting = await rotation.rotate(publish_before=DAY)
    clock.advance(timedelta(minutes=1))
    at_once = await rotation.rotate(timedelta(0))
    assert len(waiting) == len(at_once) == len(ALGORITHMS)
    chosen = {key.kid for key in at_once}
    assert await signing(stores, envelope, clock) in chosen
    clock.advance(2 * DAY)  # the one that waited is active by now, and still does not sign
    assert await signing(stores, envelope, clock) in chosen
    assert len(await rotation.rotate(DAY)) == len(ALGORITHMS)


async def test_a_key_is_deleted_only_when_others_take_its_place(
    stores: Stores, rotation: Rotation, envelope: Envelope, clock: MovableClock
) -> None:
    await rotation.ensure()
    leaked = await signing(stores, envelope, clock)
    with pytest.raises(SigningKeyInUse, match="signs now"):
        await rotation.delete(leaked)
    clock.advance(timedelta(minutes=1))
    waiting = {key.algorithm: key.kid for key in await rotation.rotate(DAY)}
    with pytest.raises(SigningKeyInUse, match="signs now"):
        await rotation.delete(leaked)
    with pytest.raises(SigningKeyInUse, match="signs next"):
        await rotation.delete(waiting["ES256"])
    clock.advance(timedelta(minutes=1))
    await rotation.rotate(timedelta(0))
    assert await rotation.delete(leaked)
    assert await rotation.delete(waiting["ES256"])
    assert not await rotation.delete(leaked)
    assert not await rotation.delete("no such key")


async def test_after_a_key_was_deleted_the_schedule_goes_on(
    stores: Stores, rotation: Rotation, envelope: Envelope, clock: MovableClock
) -> None:
    await rotation.ensure()
    leaked = await signing(stores, envelope, clock)
    clock.advance(timedelta(minutes=1))
    await rotation.rotate(timedelta(0))
    await rotation.delete(leaked)
    signs = await signing(stores, envelope, clock)
    assert not await rotation.ensure()
    clock.advance(90 * DAY)
    assert await rotation.ensure()
    clock.advance(DAY)
    assert await signing(stores, envelope, clock) not in (leaked, signs)


async def test_the_key_set_begins_with_the_rs256_key_that_signs(
    stores: Stores, rotation: Rotation, envelope: Envelope, clock: MovableClock
) -> None:
    # RFC 7517 §5: the order means nothing; clients that ignore `kid` take the first key.
    await rotation.ensure()
    keyring = Keyring(stores.keys, envelope, clock)
    clock.advance(89 * DAY + timedelta(hours=1))
    assert await rotation.ensure()
    for _ in range(3):
        await keyring.load()
        keys = json.loads(await keyring.document())["keys"]
        assert keys[0]["kid"] == keyring.signer("RS256").kid
        assert keys[0]["alg"] == "RS256"
        published = [key["alg"] for key in keys]
        assert list(dict.fromkeys(published)) == ["RS256", "ES256", "PS256", "EdDSA"]
        assert len(keys) == len({key["kid"] for key in keys})
        first = keys[0]["kid"]
        clock.advance(DAY)
    assert first != (await stores.keys.signing_keys())[0].kid
