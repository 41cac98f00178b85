"""`AccessLogStore`: which applications read or wrote a person's data."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from samples import NOW, Samples, consent

from quantimodo.model.measurements import Access, AccessAction, AccessSum
from quantimodo.ports.stores import Stores
from quantimodo.storage.tables.access_log import MOST_FILTERS

HOUR = timedelta(hours=1)


def access(
    user_id: int, at: datetime, client_id: str = "a", action: AccessAction = "read", number: int = 2
) -> Access:
    return Access(
        user_id=user_id,
        client_id=client_id,
        action=action,
        first_at=at,
        last_at=at,
        measurements=number,
    )


def summed(action: AccessAction, measurements: int, requests: int) -> AccessSum:
    return AccessSum(
        client_id="a",
        action=action,
        measurements=measurements,
        requests=requests,
        last_at=NOW + 3 * HOUR,
    )


async def test_accesses_of_a_time_are_those_whose_last_request_was_then(
    stores: Stores, samples: Samples
) -> None:
    person, other = await samples.user(), await samples.user()
    noted = [access(person.id, NOW + hours * HOUR) for hours in range(5)]
    await stores.accesses.add_accesses([*noted, access(person.id, NOW + 2 * HOUR, "b")])
    await stores.accesses.add_accesses([access(other.id, NOW + 2 * HOUR)])
    between = (NOW + HOUR, NOW + 3 * HOUR)
    found = await stores.accesses.accesses_of(person.id, between=between)
    assert sorted((each.client_id, each.last_at) for _, each in found) == [
        ("a", NOW + HOUR),
        ("a", NOW + 2 * HOUR),
        ("b", NOW + 2 * HOUR),
    ]
    of_one = await stores.accesses.accesses_of(person.id, client_id="a", between=between)
    assert [each.last_at for _, each in of_one] == [NOW + 2 * HOUR, NOW + HOUR]
    (first,) = await stores.accesses.accesses_of(person.id, client_id="a", between=between, limit=1)
    rest = await stores.accesses.accesses_of(
        person.id, client_id="a", between=between, before=first[0]
    )
    assert [each.last_at for _, each in rest] == [NOW + HOUR]


async def test_accesses_are_summed_up_by_application_and_action(
    stores: Stores, samples: Samples
) -> None:
    person, other = await samples.user(), await samples.user()
    noted = [access(person.id, NOW + hours * HOUR) for hours in range(4)]
    profile = access(person.id, NOW + 3 * HOUR, action="profile", number=0)
    await stores.accesses.add_accesses([*noted, profile])
    await stores.accesses.add_accesses([access(other.id, NOW), access(person.id, NOW, "b")])
    assert await stores.accesses.sums_of_accesses(person.id, NOW) == [
        summed("profile", 0, 1),
        summed("read", 6, 3),
    ]


async def test_one_application_fills_no_log_with_different_filters(
    stores: Stores, samples: Samples
) -> None:
    """The texts of filters are the application's: it could bury what it read, or fill the disk."""
    person = await samples.user()
    many = [replace(access(person.id, NOW), variable=f"any {n}") for n in range(MOST_FILTERS + 20)]
    later = [replace(each, variable=f"{each.variable} more") for each in many[:30]]
    await stores.accesses.add_accesses([replace(access(person.id, NOW), variable="Sleep")])
    for batch in (many[:50], many[50:], later):
        await stores.accesses.add_accesses(batch)
    written = replace(access(person.id, NOW, action="write"), variable="Mood")
    others = access(person.id, NOW, "b"), access(person.id, NOW + HOUR), written
    await stores.accesses.add_accesses([replace(each, variable="Mood") for each in others])
    found = [each for _, each in await stores.accesses.accesses_of(person.id, limit=1_000)]
    reads = [each for each in found if (each.client_id, each.action) == ("a", "read")]
    this_hour = [each for each in reads if each.first_at == NOW]
    assert len(this_hour) == MOST_FILTERS + 1
    assert sum(each.measurements for each in this_hour) == 2 * (1 + len(many) + len(later))
    (whole,) = (each for each in this_hour if not each.variable)
    assert whole.requests == 1 + len(many) + len(later) - MOST_FILTERS
    assert "Sleep" in {each.variable for each in this_hour}
    assert len(found) - len(this_hour) == len(others)


async def test_a_filter_that_has_its_row_keeps_it(stores: Stores, samples: Samples) -> None:
    """Also where reads by most of the filters come again and again."""
    person = await samples.user()
    usual = [replace(access(person.id, NOW), variable=f"any {n}") for n in range(MOST_FILTERS)]
    for _ in range(3):
        await stores.accesses.add_accesses(usual)
    found = [each for _, each in await stores.accesses.accesses_of(person.id, limit=1_000)]
    assert {each.variable for each in found} == {each.variable for each in usual}
    assert {each.requests for each in found} == {3}


async def test_the_first_read_under_a_consent_is_claimed_until_it_is_finished(
    stores: Stores, samples: Samples
) -> None:
    person, registered = await samples.user(), await samples.client()
    given = consent(person.id, registered.id)
    await stores.authorizations.save_consent(given)
    reads = [access(person.id, NOW, registered.id), access(person.id, NOW, "no consent")]
    await stores.accesses.add_accesses([access(person.id, NOW, registered.id, "write")])
    assert await stores.accesses.claim_first_reads(NOW, HOUR, 10) == []
    await stores.accesses.add_accesses(reads)
    claims = await asyncio.gather(
        *(stores.accesses.claim_first_reads(NOW, HOUR, 10) for _ in range(5))
    )
    first = [(person.id, registered.id)]
    assert [pair for claim in claims for pair in claim] == first
    # After a crash, it is claimed again.
    assert await stores.accesses.claim_first_reads(NOW + HOUR, HOUR, 10) == first
    await stores.accesses.finish_first_read(*first[0])
    await stores.accesses.add_accesses([access(person.id, NOW + HOUR, registered.id)])
    await stores.authorizations.save_consent(given)
    assert await stores.accesses.claim_first_reads(NOW + 9 * HOUR, HOUR, 10) == []
    # A new consent has its own first read.
    await stores.authorizations.withdraw_consent(person.id, registered.id, NOW)
    await stores.authorizations.save_consent(given)
    await stores.accesses.add_accesses([access(person.id, NOW + 9 * HOUR, registered.id)])
    assert await stores.accesses.claim_first_reads(NOW + 9 * HOUR, HOUR, 10) == first
