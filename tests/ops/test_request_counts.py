"""Durations, tokens and refusals of a process: bounded in memory, and added up in batches."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from quantimodo.endpoints.routes import (
    NAMES,
    AgentEndpoints,
    agent_routes,
    api_routes,
)
from quantimodo.model.server_counts import Counted, CountName
from quantimodo.ops.metrics import Metrics
from quantimodo.ops.request_counts import GROUPS, PAGES, RequestCounts
from quantimodo.ops.traffic import BOUNDS, Traffic
from quantimodo.ports.stores import Unavailable
from quantimodo.protocol.endpoints import GROUP_OF
from support.environment import FrozenClock


@dataclass
class FakeStore:
    """Adds everything up, unless it is down."""

    down: bool = False
    sums: Counter[tuple[CountName, str]] = field(default_factory=Counter)
    writes: int = 0

    async def add_counts(self, at: datetime, counted: Counted) -> None:
        if self.down:
            raise Unavailable
        self.writes += 1
        self.sums.update(counted)


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def traffic() -> Traffic:
    return Traffic(Metrics())


@pytest.fixture
def counts(store: FakeStore, clock: FrozenClock, traffic: Traffic) -> RequestCounts:
    return RequestCounts(store, clock, traffic)  # type: ignore[arg-type]


async def test_durations_are_counted_by_group_and_class(
    counts: RequestCounts, store: FakeStore, traffic: Traffic
) -> None:
    for endpoint, seconds in (
        *(("token", 0.0004), ("social_token", 0.001), ("token", 0.0011)),
        *(("userinfo", 10.0), ("userinfo", 10.1), ("page", 0.03)),
        *(("alive", 0.001), ("metrics", 0.001)),
    ):
        traffic.ended(endpoint, 200, seconds)
    traffic.ended("connection", 400)
    traffic.ended("measurements", 499)  # its client left: it has no duration
    await counts.flush()
    await counts.flush()
    assert store.writes == 1
    assert store.sums == {
        ("durations", "tokens 0.001"): 2,
        ("durations", "tokens 0.0025"): 1,
        ("durations", "profile 10"): 1,
        ("durations", "profile more"): 1,
        ("durations", "pages 0.05"): 1,
    }


async def test_numbers_that_cannot_be_written_wait_and_are_added_once(
    counts: RequestCounts, store: FakeStore, traffic: Traffic
) -> None:
    store.down = True
    traffic.tokens["refresh_token"] = 3
    traffic.refused("code_used")
    with pytest.raises(Unavailable):
        await counts.flush()
    traffic.refused("code_used")
    traffic.app_refusals += 1
    with pytest.raises(Unavailable):
        await counts.flush()
    await counts.close()  # fails without an exception
    store.down = False
    await counts.close()
    await counts.close()
    assert store.sums == {
        ("tokens", "refresh_token"): 3,
        ("refusals", "code_used"): 2,
        ("app-refusals", ""): 1,
    }


async def test_an_idle_process_writes_nothing(counts: RequestCounts, store: FakeStore) -> None:
    await counts.flush()
    await counts.close()
    assert store.writes == 0


async def test_the_codes_that_wait_are_bounded(
    counts: RequestCounts, store: FakeStore, traffic: Traffic
) -> None:
    for number in range(1_000):
        traffic.refused(f"code {number}")
    traffic.refused("code 0")
    await counts.flush()
    assert len(store.sums) == 301
    assert store.sums["refusals", "other"] == 700
    assert store.sums["refusals", "code 0"] == 2


def test_each_endpoint_has_a_group_or_is_not_measured() -> None:
    nothing: Any = dict.fromkeys(NAMES)
    agents: Any = AgentEndpoints(*(None for _ in AgentEndpoints._fields))
    routes = [*api_routes(nothing, legacy_transport=True), *agent_routes(agents)]
    names = {route.name for route in routes}
    assert names == GROUP_OF.keys() | {"alive", "ready", "metrics"}
    assert {*GROUP_OF.values(), PAGES} == GROUPS.keys()
    assert list(BOUNDS) == sorted(set(BOUNDS))
