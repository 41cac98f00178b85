"""`ServerCountStore`: what all processes counted, by hour and by day."""

import asyncio
from datetime import timedelta

from samples import NOW

from quantimodo.model.server_counts import PeriodCount
from quantimodo.ports.stores import Stores

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
THIS_HOUR = NOW.replace(minute=0, second=0, microsecond=0)
TODAY = THIS_HOUR.replace(hour=0)


async def test_numbers_of_several_processes_are_added_up_by_hour_and_day(stores: Stores) -> None:
    store = stores.server_counts
    batch = {("tokens", "refresh_token"): 2, ("tokens", "client_credentials"): 1}
    backwards = dict(reversed(batch.items()))
    await asyncio.gather(
        *(store.add_counts(NOW, batch) for _ in range(5)),  # type: ignore[arg-type]
        *(store.add_counts(NOW, backwards) for _ in range(5)),  # type: ignore[arg-type]
    )
    await store.add_counts(NOW - DAY, {("tokens", "refresh_token"): 7, ("refusals", "x"): 1})
    await store.add_counts(NOW - HOUR, {("refusals", "x"): 4})
    assert await store.counts("tokens", "hour", NOW) == [
        PeriodCount(THIS_HOUR, "client_credentials", 10),
        PeriodCount(THIS_HOUR, "refresh_token", 20),
    ]
    assert await store.counts("tokens", "day", NOW - DAY) == [
        PeriodCount(TODAY - DAY, "refresh_token", 7),
        PeriodCount(TODAY, "client_credentials", 10),
        PeriodCount(TODAY, "refresh_token", 20),
    ]
    assert await store.counts("refusals", "hour", NOW - HOUR) == [
        PeriodCount(THIS_HOUR - HOUR, "x", 4)
    ]
    assert await store.counts("tokens", "hour", NOW + HOUR) == []
    assert await store.counts("durations", "day", NOW - 9 * DAY) == []


async def test_hours_are_kept_for_three_days_and_days_for_four_hundred(stores: Stores) -> None:
    store = stores.server_counts
    for age in (0 * DAY, 72 * HOUR, 73 * HOUR, 400 * DAY, 401 * DAY):
        await store.add_counts(NOW - age, {("tokens", "refresh_token"): 1})
    assert await stores.retention.delete_expired("hour_counts", NOW, 2) == 2
    assert await stores.retention.delete_expired("hour_counts", NOW, 9) == 1
    assert await stores.retention.delete_expired("day_counts", NOW, 9) == 1
    hours = await store.counts("tokens", "hour", NOW - 900 * DAY)
    assert [each.at for each in hours] == [THIS_HOUR - 72 * HOUR, THIS_HOUR]
    days = await store.counts("tokens", "day", NOW - 900 * DAY)
    assert days[0].at == TODAY - 400 * DAY
    assert sum(each.number for each in days) == 4
