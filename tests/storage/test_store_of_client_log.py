"""`ClientLogStore`: the refused requests of an application, and its numbers day by day."""

import asyncio
from datetime import date, datetime, timedelta

import pytest
from samples import NOW, Samples

from quantimodo.model.client_log import ClientDay, ClientRefusal, ClientUsage, DaySums
from quantimodo.model.measurements import Access
from quantimodo.ports.stores import Conflict, Stores

DAY = timedelta(days=1)
TODAY = NOW.date()


def refusal(
    client_id: str, number: int = 1, endpoint: str = "token", code: str = "code_used"
) -> ClientRefusal:
    return ClientRefusal(
        client_id=client_id,
        at=NOW + timedelta(seconds=number),
        endpoint=endpoint,
        code=code,
        incident=f"incident {number}",
        received=("parameters: code", "grant_type: another value"),
    )


def numbers(client_id: str, tokens: int, refusals: int, day: date = TODAY) -> ClientDay:
    return ClientDay(client_id=client_id, day=day, tokens=tokens, refusals=refusals)


def used_by(
    client_id: str, endpoint: str, code: str, number: int, day: date = TODAY
) -> ClientUsage:
    return ClientUsage(client_id=client_id, day=day, endpoint=endpoint, code=code, number=number)


async def incidents(stores: Stores, client_id: str, **filters: object) -> list[str]:
    found = await stores.client_log.client_refusals(client_id, **filters)  # type: ignore[arg-type]
    return [each.incident.removeprefix("incident ") for _, each in found]


async def test_refusals_of_one_client_are_read_newest_first(
    stores: Stores, samples: Samples
) -> None:
    one, other = await samples.client(), await samples.client()
    added = [
        refusal(one.id, 1),
        refusal(one.id, 2, "authorize", "pkce_required"),
        refusal(other.id, 3),
        refusal(one.id, 4, "token", "pkce_required"),
    ]
    await stores.client_log.add_to_client_log(added, [], 100)
    found = await stores.client_log.client_refusals(one.id)
    assert [each for _, each in found] == [added[3], added[1], added[0]]
    assert await incidents(stores, one.id, endpoint="token") == ["4", "1"]
    assert await incidents(stores, one.id, code="pkce_required") == ["4", "2"]
    assert await incidents(stores, one.id, endpoint="token", code="pkce_required") == ["4"]
    assert await incidents(stores, one.id, endpoint="revoke") == []
    assert await incidents(stores, one.id, limit=2) == ["4", "2"]
    assert await incidents(stores, one.id, before=found[1][0]) == ["1"]
    assert await incidents(stores, "unknown") == []


async def test_only_the_newest_refusals_of_each_client_are_kept(
    stores: Stores, samples: Samples
) -> None:
    busy, quiet = await samples.client(), await samples.client()
    await stores.client_log.add_to_client_log([refusal(quiet.id, 1)], [], 3)
    for start in (2, 5):
        batch = [refusal(busy.id, number) for number in range(start, start + 3)]
        await stores.client_log.add_to_client_log(batch, [], 3)
    await stores.client_log.add_to_client_log([refusal(busy.id, 8)], [], 3)
    assert await incidents(stores, busy.id) == ["8", "7", "6"]
    assert await incidents(stores, quiet.id) == ["1"]


async def test_numbers_of_several_servers_are_added_up(stores: Stores, samples: Samples) -> None:
    one, other = await samples.client(), await samples.client()
    yesterday = TODAY - DAY
    batch = [numbers(one.id, 2, 1), numbers(other.id, 1, 0), numbers(one.id, 5, 0, yesterday)]
    await asyncio.gather(
        *(stores.client_log.add_to_client_log([], batch, 100) for _ in range(5)),
        *(stores.client_log.add_to_client_log([], batch[::-1], 100) for _ in range(5)),
    )
    assert await stores.client_log.client_days(one.id, yesterday) == [
        numbers(one.id, 50, 0, yesterday),
        numbers(one.id, 20, 10),
    ]
    assert await stores.client_log.client_days(one.id, TODAY) == [numbers(one.id, 20, 10)]
    assert await stores.client_log.client_days(other.id, yesterday) == [numbers(other.id, 10, 0)]
    # And those of all clients.
    sums = [DaySums(yesterday, 50, 0), DaySums(TODAY, 30, 10)]
    assert await stores.client_log.days_of_all_clients(yesterday - DAY) == sums
    assert await stores.client_log.days_of_all_clients(TODAY) == sums[1:]
    assert await stores.client_log.days_of_all_clients(TODAY + DAY) == []


async def test_people_are_counted_once_a_day(stores: Stores, samples: Samples) -> None:
    ann, ben = await samples.user(), await samples.user()
    midnight = datetime.combine(TODAY, datetime.min.time(), NOW.tzinfo)
    moments = [
        (ann.id, "a", midnight - timedelta(hours=1)),
        (ann.id, "a", midnight),
        (ann.id, "a", midnight + timedelta(hours=5)),
        (ben.id, "a", midnight + timedelta(hours=5)),
        (ben.id, "b", midnight),
    ]
    for user_id, client_id, at in moments:
        access = Access(
            user_id=user_id, client_id=client_id, action="read", first_at=at, last_at=at
        )
        await stores.accesses.add_accesses([access])
    found = await stores.client_log.people_by_day("a", TODAY - DAY)
    assert found == [(TODAY - DAY, 1), (TODAY, 2)]
    assert await stores.client_log.people_by_day("a", TODAY) == [(TODAY, 2)]
    assert await stores.client_log.people_by_day("b", TODAY - DAY) == [(TODAY, 1)]


async def test_the_log_of_a_deleted_client_is_deleted_and_stays_so(
    stores: Stores, samples: Samples
) -> None:
    gone, live = await samples.client(), await samples.client()
    refusals = [refusal(gone.id, 1), refusal(live.id, 2)]
    days = [numbers(gone.id, 1, 1), numbers(live.id, 1, 1)]
    await stores.client_log.add_to_client_log(refusals, days, 100)
    assert await stores.clients.delete_client(gone.id)
    assert await incidents(stores, gone.id) == []
    assert await stores.client_log.client_days(gone.id, TODAY) == []
    with pytest.raises(Conflict):
        await stores.client_log.add_to_client_log(refusals, days, 100)
    assert await incidents(stores, live.id) == ["2"]
    assert await stores.client_log.client_days(live.id, TODAY) == [numbers(live.id, 1, 1)]


async def test_requests_by_endpoint_are_added_up_and_kept_for_forty_days(
    stores: Stores, samples: Samples
) -> None:
    one, other, gone = await samples.client(), await samples.client(), await samples.client()
    store = stores.client_log
    used = [
        used_by(one.id, "token", "", 5),
        used_by(one.id, "token", "code_used", 2),
        used_by(one.id, "userinfo", "", 1, TODAY - 40 * DAY),
        used_by(other.id, "token", "", 1),
    ]
    await asyncio.gather(
        *(store.add_to_client_log([], [], 100, used) for _ in range(3)),
        *(store.add_to_client_log([], [], 100, used[::-1]) for _ in range(3)),
        store.add_to_client_log([], [], 100, [used_by(one.id, "token", "", 9, TODAY - 41 * DAY)]),
    )
    assert await store.client_usage(one.id, TODAY - 41 * DAY) == [
        used_by(one.id, "token", "", 9, TODAY - 41 * DAY),
        used_by(one.id, "userinfo", "", 6, TODAY - 40 * DAY),
        used_by(one.id, "token", "", 30),
        used_by(one.id, "token", "code_used", 12),
    ]
    assert await store.client_usage(other.id, TODAY) == [used_by(other.id, "token", "", 6)]
    assert await stores.retention.delete_expired("client_usage", NOW, 10) == 1
    found = await store.client_usage(one.id, TODAY - 100 * DAY)
    assert [each.day for each in found] == [TODAY - 40 * DAY, TODAY, TODAY]
    await stores.clients.delete_client(gone.id)
    with pytest.raises(Conflict):
        await store.add_to_client_log(
            [], [], 100, [used_by(gone.id, "token", "", 1), used_by(other.id, "token", "", 1)]
        )
    assert await store.client_usage(other.id, TODAY) == [used_by(other.id, "token", "", 6)]


async def test_numbers_are_kept_for_forty_days(stores: Stores, samples: Samples) -> None:
    one = await samples.client()
    days = [numbers(one.id, 1, 1, TODAY - age * DAY) for age in (0, 40, 41)]
    await stores.client_log.add_to_client_log([], days, 100)
    assert await stores.retention.delete_expired("client_days", NOW, 10) == 1
    found = await stores.client_log.client_days(one.id, TODAY - 100 * DAY)
    assert [each.day for each in found] == [TODAY - 40 * DAY, TODAY]
