"""OpenID Connect Core §10.1.1: signing keys change, and who asks for the key set knows at once."""

from datetime import timedelta
from typing import Any

from quantimodo.keys.keyring import Keyring
from quantimodo.model.keys import SigningKey
from quantimodo.ports.stores import Unavailable
from support.app import AppHarness

JWKS = "/.well-known/jwks.json"


async def published(harness: AppHarness) -> set[str]:
    response = await harness.browser().get(JWKS)
    assert response.status_code == 200
    return {key["kid"] for key in response.json()["keys"]}


async def test_new_keys_stand_in_the_set_beside_the_old_ones_within_a_second(
    harness: AppHarness,
) -> None:
    before = await published(harness)
    # As the command line does it, beside the server, which is not notified.
    made = {key.kid for key in await harness.context.rotation.rotate(timedelta(days=1))}
    harness.advance(seconds=1)
    assert await published(harness) == before | made


async def test_a_deleted_key_is_gone_from_the_set_within_a_second(harness: AppHarness) -> None:
    before = await published(harness)
    harness.advance(seconds=1)
    await harness.context.rotation.rotate(timedelta(0))
    leaked = sorted(before)[0]
    assert await harness.context.rotation.delete(leaked)
    harness.advance(seconds=1)
    assert await published(harness) >= before - {leaked}
    assert leaked not in await published(harness)


class _Gone:
    """A store of keys that answered once."""

    def __init__(self, keys: Any) -> None:
        self._keys, self._requested = keys, 0

    async def signing_keys(self) -> list[SigningKey]:
        self._requested += 1
        if self._requested > 1:
            raise Unavailable("the database is away")
        return list(await self._keys.signing_keys())


async def test_the_key_set_is_served_while_the_database_is_down(harness: AppHarness) -> None:
    context = harness.context
    store: Any = _Gone(context.stores.keys)
    keyring = Keyring(store, context.envelope, context.clock)
    await keyring.load()
    known = await keyring.document()
    harness.advance(seconds=90)
    assert await keyring.document() == known
