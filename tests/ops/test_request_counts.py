"""Durations, tokens and refusals of a process: bounded in memory, and added up in batches."""

import subprocess
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

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
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def traffic(metrics: Metrics) -> Traffic:
    return Traffic(metrics)


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


async def test_metrics_have_a_histogram_of_durations_by_endpoint(
    counts: RequestCounts, store: FakeStore, traffic: Traffic, metrics: Metrics
) -> None:
    """From the numbers of the statistics, also while the database is down; never counted twice."""
    assert _histogram(metrics) == {}
    for seconds in (0.0004, 0.03, 0.03, 3.0, 60.0):
        traffic.ended("token", 200, seconds)
    traffic.ended("page", 200, 0.2)
    traffic.ended("measurements", 499)
    store.down = True
    with pytest.raises(Unavailable):
        await counts.flush()
    store.down = False
    await counts.flush()
    found = _histogram(metrics)
    assert {endpoint for endpoint, _ in found} == {"token", "page"}
    bounds = [*BOUNDS, float("inf")]
    assert [found["token", bound] for bound in bounds] == [1, 1, 1, 1, 1, *[3] * 6, 4, 4, 5]
    assert [found["page", bound] for bound in bounds] == [*[0] * 7, *[1] * 7]
    traffic.ended("token", 200, 0.0004)
    await counts.flush()
    assert _histogram(metrics)["token", float("inf")] == 6
    text = metrics.render().decode()
    assert 'quantimodo_request_duration_seconds_count{endpoint="token"} 6.0' in text
    assert "quantimodo_request_durations" not in text
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def _histogram(metrics: Metrics) -> dict[tuple[str, float], float]:
    """The buckets as a program reads them, by endpoint and upper bound."""
    return {
        (sample.labels["endpoint"], float(sample.labels["le"])): sample.value
        for metric in text_string_to_metric_families(metrics.render().decode())
        for sample in metric.samples
        if sample.name == "quantimodo_request_duration_seconds_bucket"
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
