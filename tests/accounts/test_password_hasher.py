"""argon2id in a bounded pool: what it costs, and what it never does."""

import asyncio
import os
import sys
import threading
from collections.abc import Iterator

import argon2
import pytest

from quantimodo.crypto.passwords import HashPolicy, PasswordHasher, PoolFull
from quantimodo.model.secrets import Secret
from quantimodo.ports.clock import Entropy

CHEAP = HashPolicy(memory_kib=64, passes=1)
SLOW = HashPolicy(memory_kib=64 * 1024, passes=3)


@pytest.fixture
def hasher(entropy: Entropy) -> Iterator[PasswordHasher]:
    made = PasswordHasher(1, 4, entropy, CHEAP)
    yield made
    made.close()


async def test_a_password_matches_its_hash_and_no_other(hasher: PasswordHasher) -> None:
    made = await hasher.hash(Secret("right"))
    assert await hasher.verify(made, Secret("right"))
    assert not await hasher.verify(made, Secret("wrong"))


async def test_one_password_has_a_different_hash_each_time(hasher: PasswordHasher) -> None:
    assert await hasher.hash(Secret("one")) != await hasher.hash(Secret("one"))


async def test_a_password_is_the_same_however_its_accents_are_typed(hasher: PasswordHasher) -> None:
    made = await hasher.hash(Secret("cafe\u0301 noir"))
    assert await hasher.verify(made, Secret("caf\u00e9 noir"))


async def test_a_lone_surrogate_is_just_a_wrong_password(hasher: PasswordHasher) -> None:
    made = await hasher.hash(Secret("right"))
    assert not await hasher.verify(made, Secret("\ud800"))


async def test_no_password_matches_an_account_without_one(hasher: PasswordHasher) -> None:
    for tried in ("", "\0", "right"):
        assert not await hasher.verify(None, Secret(tried))


async def test_a_hash_that_cannot_be_read_matches_nothing(hasher: PasswordHasher) -> None:
    for broken in ("plain", "$argon2id$v=19$m=1", "$2b$12$abcdefghijklmnopqrstuv"):
        assert not await hasher.verify(broken, Secret("plain"))
        assert hasher.needs_rehash(broken)


async def test_the_dummy_hash_has_the_parameters_in_force(hasher: PasswordHasher) -> None:
    real = argon2.extract_parameters(await hasher.hash(Secret("x")))
    assert argon2.extract_parameters(hasher._unknown_password) == real
    assert not hasher.needs_rehash(hasher._unknown_password)


async def test_the_default_is_what_owasp_asks_for(entropy: Entropy) -> None:
    hasher = PasswordHasher(1, 0, entropy)
    made = await hasher.hash(Secret("x"))
    hasher.close()
    assert made.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_other_parameters_ask_for_a_new_hash(
    hasher: PasswordHasher, entropy: Entropy
) -> None:
    made = await hasher.hash(Secret("x"))
    stronger = PasswordHasher(1, 0, entropy, HashPolicy(memory_kib=128, passes=1))
    assert not hasher.needs_rehash(made)
    assert stronger.needs_rehash(made)
    assert await stronger.verify(made, Secret("x"))
    stronger.close()


async def test_a_full_pool_refuses_at_once_and_recovers(entropy: Entropy) -> None:
    hasher = PasswordHasher(1, 1, entropy, SLOW)
    busy = [asyncio.create_task(hasher.hash(Secret("x"))) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(PoolFull):
        await hasher.hash(Secret("one too many"))
    await asyncio.gather(*busy)
    assert await hasher.hash(Secret("now"))
    hasher.close()


async def test_callers_who_went_away_give_their_place_back(entropy: Entropy) -> None:
    hasher = PasswordHasher(1, 2, entropy, SLOW)
    gone = [asyncio.create_task(hasher.hash(Secret("x"))) for _ in range(3)]
    await asyncio.sleep(0)
    for task in gone:
        task.cancel()
    await asyncio.gather(*gone, return_exceptions=True)
    hasher.close()  # whatever still ran has come to its end
    for _ in range(3):
        assert hasher._places.acquire(blocking=False)


@pytest.mark.skipif(sys.platform != "linux", reason="priorities of threads are Linux's")
async def test_its_threads_give_way_to_the_rest_of_the_process(hasher: PasswordHasher) -> None:
    await hasher.hash(Secret("x"))
    workers = [thread for thread in threading.enumerate() if thread.name.startswith("passwords")]
    assert workers
    for worker in workers:
        assert worker.native_id is not None
        assert os.getpriority(os.PRIO_PROCESS, worker.native_id) >= 10
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) < 10
