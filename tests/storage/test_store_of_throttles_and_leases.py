"""`ThrottleStore` and `LeaseStore`: what all processes agree on for a while."""

import asyncio
from datetime import timedelta

from samples import NOW, key

from quantimodo.ports.stores import Stores

_MINUTE = timedelta(minutes=1)
_MICROSECOND = timedelta(microseconds=1)


async def test_hits_are_counted_by_key(stores: Stores) -> None:
    assert await stores.throttles.hits(key("a"), NOW) == 0
    assert [await stores.throttles.hit(key("a"), _MINUTE, NOW) for _ in range(3)] == [1, 2, 3]
    assert await stores.throttles.hit(key("b"), _MINUTE, NOW) == 1
    assert await stores.throttles.hits(key("a"), NOW) == 3


async def test_a_window_ends_when_it_began_plus_its_length(stores: Stores) -> None:
    await stores.throttles.hit(key("a"), _MINUTE, NOW)
    last = NOW + _MINUTE - _MICROSECOND
    assert await stores.throttles.hit(key("a"), _MINUTE, last) == 2  # and does not move the end
    assert await stores.throttles.hits(key("a"), last) == 2
    assert await stores.throttles.hits(key("a"), NOW + _MINUTE) == 0
    assert await stores.throttles.hit(key("a"), _MINUTE, NOW + _MINUTE) == 1
    assert await stores.throttles.hits(key("a"), NOW + 2 * _MINUTE - _MICROSECOND) == 1


async def test_to_ask_counts_nothing(stores: Stores) -> None:
    await stores.throttles.hit(key("a"), _MINUTE, NOW)
    assert [await stores.throttles.hits(key("a"), NOW) for _ in range(3)] == [1, 1, 1]


async def test_a_forgotten_key_begins_anew(stores: Stores) -> None:
    await stores.throttles.hit(key("a"), _MINUTE, NOW)
    await stores.throttles.reset(key("a"))
    await stores.throttles.reset(key("never"))
    assert await stores.throttles.hits(key("a"), NOW) == 0
    assert await stores.throttles.hit(key("a"), _MINUTE, NOW) == 1


async def test_a_hit_is_taken_back_and_never_more_than_there_are(stores: Stores) -> None:
    for _ in range(3):
        await stores.throttles.hit(key("a"), _MINUTE, NOW)
    await stores.throttles.hit(key("b"), _MINUTE, NOW)
    await stores.throttles.undo_hit(key("a"))
    assert await stores.throttles.hits(key("a"), NOW) == 2
    for _ in range(5):
        await stores.throttles.undo_hit(key("a"))
    await stores.throttles.undo_hit(key("never"))
    assert await stores.throttles.hits(key("a"), NOW) == 0
    assert await stores.throttles.hits(key("b"), NOW) == 1
    assert await stores.throttles.hit(key("a"), _MINUTE, NOW) == 1


async def test_no_hit_of_many_at_once_is_lost(stores: Stores) -> None:
    counts = await asyncio.gather(
        *(stores.throttles.hit(key("a"), _MINUTE, NOW) for _ in range(40))
    )
    assert sorted(counts) == list(range(1, 41))


async def test_a_lease_keeps_others_out_until_it_ends(stores: Stores) -> None:
    assert await stores.leases.lease("cleaner", "a", _MINUTE, NOW)
    assert not await stores.leases.lease("cleaner", "b", _MINUTE, NOW + _MINUTE - _MICROSECOND)
    assert await stores.leases.lease("mailer", "b", _MINUTE, NOW)
    assert await stores.leases.lease("cleaner", "b", _MINUTE, NOW + _MINUTE)
    assert not await stores.leases.lease("cleaner", "a", _MINUTE, NOW + _MINUTE)


async def test_its_holder_prolongs_a_lease(stores: Stores) -> None:
    assert await stores.leases.lease("cleaner", "a", _MINUTE, NOW)
    assert await stores.leases.lease("cleaner", "a", _MINUTE, NOW + _MINUTE / 2)
    assert not await stores.leases.lease("cleaner", "b", _MINUTE, NOW + _MINUTE)
    assert await stores.leases.lease("cleaner", "b", _MINUTE, NOW + 1.5 * _MINUTE)


async def test_of_many_who_ask_for_a_lease_one_gets_it(stores: Stores) -> None:
    claims_request = [
        stores.leases.lease("cleaner", str(number), _MINUTE, NOW) for number in range(10)
    ]
    assert (await asyncio.gather(*claims_request)).count(True) == 1
