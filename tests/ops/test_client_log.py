"""The log of an application in memory: bounded, and written in batches."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from quantimodo.model.client_log import ClientDay, ClientRefusal, ClientUsage
from quantimodo.model.personal_tokens import as_client_id
from quantimodo.ops.client_log import MOST_ROWS, PER_KIND, PER_MINUTE, ClientLog
from quantimodo.ops.metrics import Metrics
from quantimodo.ops.traffic import Traffic
from quantimodo.ports.stores import Conflict, Unavailable
from support.environment import FrozenClock

WAITING = 2_000  # rows that one worker keeps in memory


@dataclass
class FakeStore:
    """Takes everything, but for clients that are gone, and unless it is down."""

    down: bool = False
    gone: frozenset[str] = frozenset()
    rows: list[ClientRefusal] = field(default_factory=list)
    days: list[ClientDay] = field(default_factory=list)
    usage: list[ClientUsage] = field(default_factory=list)
    writes: int = 0
    down_after: int | None = None

    async def add_to_client_log(
        self,
        refusals: Sequence[ClientRefusal],
        days: Sequence[ClientDay],
        most: int,
        usage: Sequence[ClientUsage],
    ) -> None:
        assert most == MOST_ROWS
        if self.down:
            raise Unavailable
        if self.gone & {each.client_id for each in (*days, *usage)}:
            raise Conflict
        if self.writes == self.down_after:
            raise Unavailable
        self.writes += 1
        self.rows += refusals
        self.days += days
        self.usage += usage

    def used(self, client_id: str) -> Counter[tuple[str, str]]:
        """Its requests by endpoint and code."""
        found: Counter[tuple[str, str]] = Counter()
        for each in self.usage:
            if each.client_id == client_id:
                found[each.endpoint, each.code] += each.number
        return found

    def numbers(self, client_id: str) -> tuple[int, int]:
        own = [each for each in self.days if each.client_id == client_id]
        return sum(each.tokens for each in own), sum(each.refusals for each in own)


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def traffic() -> Traffic:
    return Traffic(Metrics())


@pytest.fixture
def log(store: FakeStore, clock: FrozenClock, traffic: Traffic) -> ClientLog:
    return ClientLog(store, clock, traffic)  # type: ignore[arg-type]


def refusal(clock: FrozenClock, client_id: str = "a") -> ClientRefusal:
    return ClientRefusal(
        client_id=client_id, at=clock.now(), endpoint="token", code="code_used", incident="1"
    )


async def test_many_requests_are_one_write(
    log: ClientLog, store: FakeStore, clock: FrozenClock
) -> None:
    for _ in range(500):
        log.issued("a", "refresh_token")
    log.issued("b", "client_credentials")
    log.refused(refusal(clock))
    await log.flush()
    await log.flush()
    assert store.writes == 1
    assert (store.numbers("a"), store.numbers("b")) == ((500, 1), (1, 0))
    assert store.rows == [refusal(clock)]


async def test_a_flood_of_refusals_is_counted_and_not_kept(
    log: ClientLog, store: FakeStore, clock: FrozenClock
) -> None:
    for number in range(10 * PER_MINUTE):
        log.refused(replace(refusal(clock), code=str(number % 10)))
    log.refused(refusal(clock, "b"))
    await log.flush()
    log.refused(refusal(clock))
    await log.flush()
    assert store.numbers("a") == (0, 10 * PER_MINUTE + 1)
    assert [each.client_id for each in store.rows] == [*["a"] * PER_MINUTE, "b"]
    clock.advance(timedelta(minutes=1))
    log.refused(refusal(clock))
    await log.flush()
    assert len(store.rows) == PER_MINUTE + 2


async def test_a_flood_of_one_kind_displaces_few_others(
    log: ClientLog, store: FakeStore, clock: FrozenClock
) -> None:
    for _ in range(100):
        log.refused(refusal(clock))
    log.refused(replace(refusal(clock), endpoint="revoke"))
    log.refused(replace(refusal(clock), code="pkce_required"))
    await log.flush()
    assert len(store.rows) == PER_KIND + 2
    assert store.numbers("a") == (0, 102)


async def test_a_log_that_cannot_be_written_waits_within_bounds(
    log: ClientLog, store: FakeStore, clock: FrozenClock
) -> None:
    store.down = True
    for client in range(WAITING):
        log.refused(refusal(clock, str(client % 500)))
        log.issued("a", "refresh_token")
        if client % 1_000 == 999:
            with pytest.raises(Unavailable):
                await log.flush()
            clock.advance(timedelta(minutes=1))
    await log.close()
    store.down = False
    await log.flush()
    assert store.numbers("a") == (WAITING, 0)
    assert store.numbers("7") == (0, WAITING // 500)
    assert len(store.rows) == WAITING
    for client in range(3 * WAITING):
        log.refused(refusal(clock, str(client)))
    await log.flush()
    assert len(store.rows) == 2 * WAITING


async def test_a_deleted_client_does_not_lose_the_log_of_others(
    log: ClientLog, store: FakeStore, clock: FrozenClock
) -> None:
    store.gone = frozenset({"b"})
    for client_id in ("a", "b", "c"):
        log.refused(replace(refusal(clock), client_id=client_id))
        log.issued(client_id, "refresh_token")
    await log.flush()
    assert sorted(each.client_id for each in store.rows) == ["a", "c"]
    assert (store.numbers("a"), store.numbers("b"), store.numbers("c")) == ((1, 1), (0, 0), (1, 1))


async def test_a_database_that_fails_amid_deleted_clients_counts_nothing_twice(
    log: ClientLog, store: FakeStore, clock: FrozenClock, traffic: Traffic
) -> None:
    apps = [f"app {number}" for number in range(6)]
    store.gone = frozenset({"gone", "gone too"})
    for client_id in (*apps, *store.gone):
        log.refused(refusal(clock, client_id))
        log.issued(client_id, "refresh_token")
        traffic.ended("userinfo", 200, 0.1, client_id)
    store.down_after = 3  # of one application each
    with pytest.raises(Unavailable):
        await log.flush()
    assert store.writes == 3
    log.issued(apps[0], "refresh_token")
    store.down_after = None
    await log.flush()
    assert [store.numbers(each) for each in apps] == [(2, 1), *[(1, 1)] * 5]
    assert sorted(each.client_id for each in store.rows) == apps
    for each in apps:
        assert store.used(each) == {("userinfo", ""): 1, ("token", "code_used"): 1}


async def test_requests_are_counted_by_endpoint_and_code(
    log: ClientLog, store: FakeStore, clock: FrozenClock, traffic: Traffic
) -> None:
    for _ in range(3):
        traffic.ended("userinfo", 200, 0.1, "a")
    traffic.ended("token", 400, 0.1, "a")
    traffic.ended("page", 303, 0.1, "a")
    traffic.ended("page", 200, 0.1)
    traffic.ended("userinfo", 200, 0.1, as_client_id("My script"))
    log.refused(refusal(clock))
    log.refused_elsewhere("a", "userinfo", "insufficient_scope")
    store.down = True
    with pytest.raises(Unavailable):
        await log.flush()
    store.down = False
    traffic.ended("userinfo", 200, 0.1, "a")
    await log.flush()
    await log.flush()
    assert store.used("a") == {
        ("userinfo", ""): 4,
        ("userinfo", "insufficient_scope"): 1,
        ("token", ""): 1,
        ("token", "code_used"): 1,
        ("authorize", ""): 1,
    }
    assert {each.client_id for each in store.usage} == {"a"}
    assert store.numbers("a") == (0, 1)
    assert {each.day for each in store.usage} == {clock.now().date()}


async def test_the_requests_that_wait_are_bounded(
    log: ClientLog, store: FakeStore, traffic: Traffic
) -> None:
    for number in range(20_100):
        traffic.ended("userinfo", 200, None, f"client {number}")
        log.refused_elsewhere(f"client {number}", "userinfo", "insufficient_scope")
    traffic.ended("userinfo", 200, None, "client 0")
    store.down = True
    await log.close()
    for number in range(100):
        traffic.ended("userinfo", 200, None, f"later {number}")
    store.down = False
    await log.flush()
    assert len(store.usage) == 40_000
    assert store.used("client 0") == {
        ("userinfo", ""): 2,
        ("userinfo", "insufficient_scope"): 1,
    }
    assert not store.used("later 1")
