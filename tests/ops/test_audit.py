"""The record of events: bounded, in batches, never in the way, flushed at the end."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from quantimodo.model.budgets import Charge, StorageBudget
from quantimodo.model.events import Event
from quantimodo.model.users import NewUser
from quantimodo.ops.audit import AuditTrail
from quantimodo.ports.background_stores import EventStore
from quantimodo.ports.clock import Clock
from quantimodo.ports.stores import Stores, Unavailable


class Failing:
    """The real store behind a database that fails while `down`, and after `most` writes."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self.down = True
        self.most = 1_000
        self.batches: list[int] = []

    async def add_events(self, events: Sequence[Event], charge: Charge | None = None) -> None:
        if self.down or len(self.batches) >= self.most:
            raise Unavailable("the database did not respond")
        self.batches.append(len(events))
        await self._store.add_events(events)

    async def events_of(self, user_id: int, limit: int) -> Sequence[Event]:
        return await self._store.events_of(user_id, limit)


@pytest.fixture(autouse=True)
async def person(stores: Stores, clock: Clock) -> None:
    """The person whose events these are."""
    newcomer = NewUser(subject="s", name="Ann", email=None, created_at=clock.now())
    assert (await stores.users.add_user(newcomer, None)).id == 1


@pytest.fixture
def failing(stores: Stores) -> Failing:
    return Failing(stores.events)


def event(clock: Clock, number: int, **values: Any) -> Event:
    return Event(at=clock.now(), kind="session.started", user_id=1, detail=str(number), **values)


async def details(stores: Stores) -> list[str]:
    return [found.detail for found in await stores.events.events_of(1, 10_000)]


async def test_events_are_written_in_the_background(stores: Stores, clock: Clock) -> None:
    trail = AuditTrail(stores.events)
    trail.start()
    trail.record(event(clock, 1))
    async with asyncio.timeout(20):
        while await details(stores) != ["1"]:
            await asyncio.sleep(0.01)
    await trail.close()


async def test_waiting_rows_are_written_at_the_end(stores: Stores, clock: Clock) -> None:
    trail = AuditTrail(stores.events)
    trail.start()
    for number in range(450):
        trail.record(event(clock, number))
    await trail.close()
    assert await details(stores) == [str(number) for number in reversed(range(450))]


async def test_a_trail_that_was_never_started_keeps_its_events_for_the_end(
    stores: Stores, clock: Clock
) -> None:
    trail = AuditTrail(stores.events)
    trail.record(event(clock, 1))
    assert await details(stores) == []
    await trail.close()
    assert await details(stores) == ["1"]


async def test_many_events_are_few_writes(failing: Failing, clock: Clock) -> None:
    failing.down = False
    trail = AuditTrail(failing)
    for number in range(450):
        trail.record(event(clock, number))
    await trail.flush()
    assert failing.batches == [200, 200, 50]


async def test_a_database_that_comes_back_loses_nothing(
    failing: Failing, stores: Stores, clock: Clock
) -> None:
    trail = AuditTrail(failing)
    trail.record(event(clock, 1))
    with pytest.raises(Unavailable):
        await trail.flush()
    trail.record(event(clock, 2))
    failing.down = False
    await trail.close()
    assert await details(stores) == ["2", "1"]


async def test_no_event_is_written_twice_when_the_database_fails_between_two_charges(
    failing: Failing, stores: Stores, clock: Clock
) -> None:
    """Events with different budgets are written one charge after the other."""

    def charge(event: Event) -> Charge:
        return Charge(event.detail.encode() * 32, StorageBudget(1_000_000, 1_000_000))

    trail = AuditTrail(failing, charge=charge)
    failing.down, failing.most = False, 1
    trail.record(event(clock, 1))
    trail.record(event(clock, 2))
    with pytest.raises(Unavailable):
        await trail.flush()
    failing.most = 2
    await trail.close()
    assert await details(stores) == ["2", "1"]


async def test_the_buffer_is_bounded_and_says_what_it_lost(failing: Failing, clock: Clock) -> None:
    trail = AuditTrail(failing, capacity=3)
    for number in range(10):
        trail.record(event(clock, number))
    failing.down = False
    with capture_logs() as logs:
        await trail.close()
    assert failing.batches == [3]
    assert [(line["event"], line["count"]) for line in logs] == [("audit.events_lost", 7)]


async def test_the_stop_does_not_wait_for_an_unreachable_database(
    failing: Failing, clock: Clock
) -> None:
    trail = AuditTrail(failing)
    trail.start()
    trail.record(event(clock, 1))
    with capture_logs() as logs:
        async with asyncio.timeout(20):
            await trail.close()
    assert logs[-1]["count"] == 1


async def test_an_event_that_cannot_be_written_takes_no_other_along(
    stores: Stores, clock: Clock
) -> None:
    trail = AuditTrail(stores.events)
    trail.record(event(clock, 1))
    trail.record(event(clock, 2, address="\ud800"))  # no database takes a lone surrogate
    trail.record(event(clock, 3))
    with capture_logs() as logs:
        await trail.close()
    assert await details(stores) == ["3", "1"]
    assert {line["event"] for line in logs} == {"audit.event_failed", "audit.events_lost"}
