"""`ServerCountStore`: what all processes counted, by hour and by day."""

import asyncio
from datetime import timedelta

from samples import NOW

from quantimodo.app.background import COUNTS_EVERY, LOG_EVERY
from quantimodo.model.clients import Client
from quantimodo.model.server_counts import PeriodCount
from quantimodo.ops.client_log import ClientLog
from quantimodo.ops.metrics import Metrics
from quantimodo.ops.request_counts import RequestCounts
from quantimodo.ops.traffic import Traffic
from quantimodo.ports.stores import Stores
from support.environment import FrozenClock

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


async def test_a_killed_process_loses_what_it_has_not_written_and_no_more(stores: Stores) -> None:
    """monitoring.md: `kill -9` costs at most 30 seconds of statistics, and five of a log."""
    assert (COUNTS_EVERY, LOG_EVERY) == (30.0, 5.0)
    clock = FrozenClock(NOW)
    client_id = "c"
    await stores.clients.add_client(Client(id=client_id, name="C", created_at=NOW))
    for lost in (3, 0):  # killed amid work, and killed just after it wrote
        traffic = Traffic(Metrics())
        counts = RequestCounts(stores.server_counts, clock, traffic)
        log = ClientLog(stores.client_log, clock, traffic)
        for _ in range(5):
            log.issued(client_id, "refresh_token")
            traffic.ended("token", 200, 0.002, client_id)
        await counts.flush()
        await log.flush()
        for _ in range(lost):
            log.issued(client_id, "refresh_token")
            traffic.ended("token", 200, 0.002, client_id)
        del counts, log  # nothing of the process is left: `close` is not called
    found = await stores.server_counts.counts("tokens", "hour", NOW)
    assert found == [PeriodCount(THIS_HOUR, "refresh_token", 10)]
    found = await stores.server_counts.counts("durations", "hour", NOW)
    assert found == [PeriodCount(THIS_HOUR, "tokens 0.0025", 10)]
    (day,) = await stores.client_log.client_days(client_id, NOW.date())
    assert day.tokens == 10
    (usage,) = await stores.client_log.client_usage(client_id, NOW.date())
    assert usage.number == 10
