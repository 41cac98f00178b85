"""Reads of measurements: a deadline, a bound for each person, and an end when the client leaves.

All places for searches are taken by a search that does not end, so that a read waits until its
deadline or its client ends it: nothing here depends on how fast a machine is.
"""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from api_client import ALL, CSV, LIST, SLEEP, START, ApiClient, open_client

from endless import ENDLESS, MANY
from quantimodo.app.composition.policies import read_policy, search_policy
from quantimodo.app.settings.reading import load_settings
from quantimodo.measurements.read_limits import ReadLimits, ReadPolicy, TooManyReads
from quantimodo.ports.stores import TooSlow
from support.app import AppHarness, PreparedDatabase, open_app_harness, settings_for
from support.environment import FrozenClock, SeededEntropy

READS = [
    LIST,
    f"{LIST}?value=1,2,3",
    f"{LIST}?groupingWidth=60",
    CSV,
    "/api/v1/variables",
    "/api/v1/variables/Mood",
]


@pytest.fixture
async def busy(
    request: pytest.FixtureRequest,
    engine: str,
    prepared_database: PreparedDatabase,
    tmp_path: Path,
    clock: FrozenClock,
    entropy: SeededEntropy,
) -> AsyncIterator[AppHarness]:
    """A server whose only place for searches is taken; a read's deadline is a second."""
    url = f"sqlite:///{tmp_path}/busy.db"
    if engine == "postgres":
        url = request.getfixturevalue("postgres_url")
    # The wide deadline is the store's own, for the search in the way; the reads' is set below.
    settings = settings_for(url, tmp_path, reads__deadline="60s", reads__at_once="1")
    async with open_app_harness(settings, clock, entropy, prepared_database) as harness:
        yield harness


@pytest.fixture
async def blocked(busy: AppHarness) -> AsyncIterator[tuple[AppHarness, ApiClient]]:
    await busy.person()
    app = await open_client(busy, ALL)
    await app.add(SLEEP)
    database = busy.context.stores.measurements._database  # type: ignore[attr-defined]
    blocker = asyncio.create_task(database.search(ENDLESS, MANY))
    await asyncio.sleep(0.05)
    yield busy, app
    blocker.cancel()
    await asyncio.wait([blocker])


async def test_reads_of_one_person_beyond_the_bound_are_refused(
    blocked: tuple[AppHarness, ApiClient],
) -> None:
    harness, app = blocked
    waiting = [asyncio.create_task(app.get(LIST)) for _ in range(17)]  # 1 runs, 16 wait
    while _taken(harness) < 17:
        await asyncio.sleep(0.01)
    response = await app.get(LIST)
    assert response.status_code == 429
    assert response.headers["retry-after"] == "1"
    assert response.json() == {
        "error": "temporarily_unavailable",
        "error_description": "too many reads of these measurements at once; wait for them",
    }
    # Another person's reads are not counted with them, and writes and tokens go on.
    assert (await app.send("POST", LIST, [SLEEP])).status_code == 200
    assert (await app.get("/api/v1/user/me")).status_code == 200
    for task in waiting:
        task.cancel()


@pytest.mark.parametrize("path", READS)
async def test_a_client_that_leaves_frees_its_places(
    blocked: tuple[AppHarness, ApiClient], path: str
) -> None:
    harness, app = blocked
    left = asyncio.Event()
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    where, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": "GET",
        "path": where,
        "raw_path": where.encode(),
        "query_string": query.encode(),
        "headers": [(b"authorization", app._headers["authorization"].encode())],
        "client": ("192.0.2.7", 1),
    }
    request = asyncio.create_task(harness.application(scope, receive, send))  # type: ignore[arg-type]
    while not _taken(harness):
        await asyncio.sleep(0.01)
    left.set()
    async with asyncio.timeout(60):  # long before anything else would end it
        await request
    assert not _taken(harness)
    # A file may have begun with its columns' names; nothing was sent that says it is whole.
    assert all(message.get("more_body", True) for message in sent)


async def test_a_page_of_the_account_is_not_made_after_its_reader_disconnected(
    blocked: tuple[AppHarness, ApiClient],
) -> None:
    harness, _ = blocked
    browser = await harness.signed_in()
    page = asyncio.create_task(browser.get("/account/data"))
    while not _taken(harness):
        await asyncio.sleep(0.01)
    page.cancel()
    async with asyncio.timeout(60):
        while _taken(harness):
            await asyncio.sleep(0.01)


async def test_past_its_deadline_a_read_is_503_and_says_what_to_do(
    request: pytest.FixtureRequest,
    engine: str,
    prepared_database: PreparedDatabase,
    tmp_path: Path,
    clock: FrozenClock,
    entropy: SeededEntropy,
) -> None:
    url = f"sqlite:///{tmp_path}/short.db"
    if engine == "postgres":
        url = request.getfixturevalue("postgres_url")
    settings = settings_for(url, tmp_path, reads__deadline="1s", reads__at_once="1")
    async with open_app_harness(settings, clock, entropy, prepared_database) as harness:
        await harness.person()
        app = await open_client(harness, ALL)
        await app.add(SLEEP)
        blocker = asyncio.create_task(_again_and_again(harness))
        await asyncio.sleep(0.05)
        for path in (LIST, "/api/v1/variables"):
            response = await app.get(path)
            assert response.status_code == 503, path
            assert response.headers["retry-after"] == "10"
            assert "startTime" in response.json()["error_description"]
        blocker.cancel()
        await asyncio.wait([blocker])
        assert (await app.get(LIST, startTime=START)).status_code == 200


async def _again_and_again(harness: AppHarness) -> None:
    """Keep the one place taken: three of these are always in the queue before any other search."""

    async def one() -> None:
        while True:
            with suppress(TooSlow):
                database = harness.context.stores.measurements._database  # type: ignore[attr-defined]
                await database.search(ENDLESS, MANY)

    await asyncio.gather(one(), one(), one())


def _taken(harness: AppHarness) -> int:
    return sum(places.taken for places in harness.context.reads._places.values())


# ------------------------------------------------------------------------------- by itself


async def test_places_are_given_in_turn() -> None:
    limits, order = ReadLimits(ReadPolicy(per_person=1, seconds=60)), list[int]()

    async def read(number: int) -> None:
        async with limits.place("ann"):
            order.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*map(read, range(5)))
    assert order == [0, 1, 2, 3, 4]
    assert limits._places == {}


async def test_the_deadline_includes_the_wait_and_cancels_the_work() -> None:
    limits, ended = ReadLimits(ReadPolicy(per_person=1, seconds=0.05)), list[str]()

    async def read(name: str) -> None:
        async with limits.place("ann"):
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(name)

    outcomes = await asyncio.gather(read("first"), read("second"), return_exceptions=True)
    assert [type(each) for each in outcomes] == [TooSlow, TooSlow]
    assert ended[:1] == ["first"]
    assert limits._places == {}


async def test_people_do_not_count_with_each_other() -> None:
    limits = ReadLimits(ReadPolicy(per_person=1, seconds=60))
    held = asyncio.Event()

    async def hold(name: str) -> None:
        async with limits.place(name):
            await held.wait()

    anns = [asyncio.create_task(hold("ann")) for _ in range(17)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyReads):
        await hold("ann")
    async with limits.place("bob"):
        pass
    held.set()
    await asyncio.gather(*anns)


async def test_by_default_one_person_leaves_a_place_for_another() -> None:
    settings = load_settings({})
    policy = read_policy(settings)
    assert policy == ReadPolicy()
    assert policy.per_person < search_policy(settings).at_once
    limits, held, begun = ReadLimits(policy), asyncio.Event(), list[str]()

    async def read(name: str) -> None:
        async with limits.place(name):
            begun.append(name)
            await held.wait()

    reads = [asyncio.create_task(read(name)) for name in ("ann", "ann", "bob")]
    for _ in range(10):
        await asyncio.sleep(0)
    assert begun == ["ann", "bob"]
    held.set()
    await asyncio.gather(*reads)
    assert begun == ["ann", "bob", "ann"]
