"""`KeyStore`: signing keys, and that of processes that rotate at once one wins."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from samples import LATER, NOW, SOON, signing_key

from quantimodo.ports.stores import Conflict, Stores


async def test_a_key_comes_back_as_added(stores: Stores) -> None:
    added = signing_key("k", public_jwk='{"kty":"EC"}', sealed_private=b"\0\xff", retires_at=LATER)
    assert await stores.keys.signing_keys() == []
    assert await stores.keys.add_signing_key(added, None)
    assert await stores.keys.signing_keys() == [added]


async def test_keys_come_oldest_first(stores: Stores) -> None:
    first = signing_key("z", active_at=NOW)
    second = signing_key("a", active_at=SOON)
    other = signing_key("m", algorithm="RS256", active_at=NOW - timedelta(days=1))
    assert await stores.keys.add_signing_key(first, None)
    assert await stores.keys.add_signing_key(second, "z")
    assert await stores.keys.add_signing_key(other, None)
    assert await stores.keys.signing_keys() == [other, first, second]


async def test_there_is_one_first_key_of_an_algorithm(stores: Stores) -> None:
    assert await stores.keys.add_signing_key(signing_key("one"), None)
    assert not await stores.keys.add_signing_key(signing_key("two"), None)
    assert await stores.keys.add_signing_key(signing_key("rsa", algorithm="RS256"), None)
    assert {found.kid for found in await stores.keys.signing_keys()} == {"one", "rsa"}


async def test_a_key_has_one_successor(stores: Stores) -> None:
    assert await stores.keys.add_signing_key(signing_key("one"), None)
    assert await stores.keys.add_signing_key(signing_key("two"), "one")
    assert not await stores.keys.add_signing_key(signing_key("late"), "one")
    assert await stores.keys.add_signing_key(signing_key("three"), "two")


async def test_a_key_that_is_not_there_has_no_successor(stores: Stores) -> None:
    assert not await stores.keys.add_signing_key(signing_key("two"), "one")
    assert await stores.keys.add_signing_key(signing_key("rsa", algorithm="RS256"), None)
    assert not await stores.keys.add_signing_key(signing_key("two"), "rsa")


async def test_there_is_no_second_first_key_after_the_first_was_deleted(stores: Stores) -> None:
    assert await stores.keys.add_signing_key(signing_key("one"), None)
    assert await stores.keys.add_signing_key(signing_key("two"), "one")
    assert await stores.keys.delete_signing_key("one")
    assert not await stores.keys.add_signing_key(signing_key("late"), None)
    assert [found.kid for found in await stores.keys.signing_keys()] == ["two"]


async def test_a_kid_is_taken(stores: Stores) -> None:
    assert await stores.keys.add_signing_key(signing_key("one"), None)
    with pytest.raises(Conflict):
        await stores.keys.add_signing_key(signing_key("one"), "one")


async def test_of_many_successors_at_once_one_wins(stores: Stores) -> None:
    assert await stores.keys.add_signing_key(signing_key("old"), None)
    tries = [stores.keys.add_signing_key(signing_key(f"new {n}"), "old") for n in range(10)]
    won = await asyncio.gather(*tries)
    assert won.count(True) == 1
    kids = [found.kid for found in await stores.keys.signing_keys()]
    assert sorted(kids) == sorted(["old", f"new {won.index(True)}"])


async def test_a_key_is_retired_once_and_deleted_once(stores: Stores) -> None:
    added = signing_key("one")
    assert await stores.keys.add_signing_key(added, None)
    assert await stores.keys.retire_signing_key("one", SOON)
    assert not await stores.keys.retire_signing_key("one", LATER)
    assert await stores.keys.signing_keys() == [replace(added, retires_at=SOON)]
    assert await stores.keys.delete_signing_key("one")
    assert not await stores.keys.delete_signing_key("one")
    assert not await stores.keys.retire_signing_key("one", LATER)
    assert await stores.keys.signing_keys() == []
