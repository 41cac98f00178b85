"""OpenID Connect Core §10.1.1: signing keys change, and who asks for the key set knows at once."""

from datetime import timedelta
from typing import Any

from quantimodo.keys.keyring import Keyring
from quantimodo.model.keys import SigningKey
from quantimodo.ports.stores import Unavailable
from world import World

JWKS = "/.well-known/jwks.json"


async def published(world: World) -> set[str]:
    answer = await world.browser().get(JWKS)
    assert answer.status_code == 200
    return {key["kid"] for key in answer.json()["keys"]}


async def test_new_keys_stand_in_the_set_beside_the_old_ones_within_a_second(world: World) -> None:
    before = await published(world)
    # As the command line does it, beside the server: nobody tells the server.
    made = {key.kid for key in await world.house.rotation.rotate(timedelta(days=1))}
    world.advance(seconds=1)
    assert await published(world) == before | made


async def test_a_deleted_key_is_gone_from_the_set_within_a_second(world: World) -> None:
    before = await published(world)
    world.advance(seconds=1)
    await world.house.rotation.rotate(timedelta(0))
    leaked = sorted(before)[0]
    assert await world.house.rotation.delete(leaked)
    world.advance(seconds=1)
    assert await published(world) >= before - {leaked}
    assert leaked not in await published(world)


class _Gone:
    """A store of keys that answered once."""

    def __init__(self, keys: Any) -> None:
        self._keys, self._asked = keys, 0

    async def signing_keys(self) -> list[SigningKey]:
        self._asked += 1
        if self._asked > 1:
            raise Unavailable("the database is away")
        return list(await self._keys.signing_keys())


async def test_the_set_is_told_while_the_database_is_away(world: World) -> None:
    house = world.house
    store: Any = _Gone(house.stores)
    keyring = Keyring(store, house.envelope, house.clock)
    await keyring.load()
    known = await keyring.document()
    world.advance(seconds=90)
    assert await keyring.document() == known
