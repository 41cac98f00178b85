"""Searches run beside the event loop: with a deadline, a bound, and cancelled with their caller."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from endless import ENDLESS, MANY
from quantimodo.ports.stores import TooSlow, Unavailable
from quantimodo.storage.database import Database, SearchPolicy, Statement
from quantimodo.storage.open import sqlite_path
from quantimodo.storage.postgres.database import PostgresDatabase
from quantimodo.storage.sqlite.database import SqliteDatabase
from quantimodo.storage.sqlite.searches import lower_priority

ONE = Statement("SELECT 1")

Opens = Callable[[SearchPolicy], Awaitable[Database]]


@pytest.fixture
async def opens(engine: str, database_url: str) -> AsyncIterator[Opens]:
    opened: list[Database] = []

    async def make(policy: SearchPolicy) -> Database:
        database: Database
        path = sqlite_path(database_url)
        if path is None:
            database = await PostgresDatabase.connect(database_url, policy)
        else:
            database = SqliteDatabase(path, policy)
        opened.append(database)
        return database

    yield make
    for database in opened:
        await database.close()


async def test_a_search_past_its_deadline_is_interrupted(opens: Opens) -> None:
    database = await opens(SearchPolicy(seconds=0.2))
    with pytest.raises(TooSlow):
        await database.search(ENDLESS, MANY)
    assert list(await database.search(ONE)) == [(1,)]  # and its connection goes on


async def test_a_list_has_the_same_deadline(opens: Opens) -> None:
    database = await opens(SearchPolicy(seconds=0.2))
    with pytest.raises(TooSlow):
        await database.list_rows(ENDLESS, MANY)
    assert list(await database.list_rows(ONE)) == [(1,)]


async def test_the_event_loop_runs_while_a_search_does(opens: Opens) -> None:
    database = await opens(SearchPolicy(seconds=1.0))
    search = asyncio.create_task(_outcome(database.search(ENDLESS, MANY)))
    turns = 0
    while not search.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert isinstance(await search, TooSlow)
    assert turns > 10


async def test_cancelling_the_caller_ends_the_search(opens: Opens) -> None:
    database = await opens(SearchPolicy(at_once=1, seconds=300))
    search = asyncio.create_task(_outcome(database.search(ENDLESS, MANY)))
    await asyncio.sleep(0.2)
    search.cancel()
    # The one place is free again long before the deadline, and what was cancelled had begun or not.
    async with asyncio.timeout(60):
        assert list(await database.search(ONE)) == [(1,)]


async def test_a_search_that_is_cancelled_while_it_waits_never_begins(opens: Opens) -> None:
    database = await opens(SearchPolicy(at_once=1, seconds=300))
    first = asyncio.create_task(_outcome(database.search(ENDLESS, MANY)))
    second = asyncio.create_task(_outcome(database.search(ENDLESS, MANY)))
    await asyncio.sleep(0.05)
    second.cancel()
    first.cancel()
    async with asyncio.timeout(60):
        assert list(await database.search(ONE)) == [(1,)]


async def test_more_than_the_bound_are_refused_at_once(opens: Opens) -> None:
    database = await opens(SearchPolicy(at_once=1, waiting=2, seconds=300))
    going = [asyncio.create_task(_outcome(database.search(ENDLESS, MANY))) for _ in range(3)]
    await asyncio.sleep(0.05)
    with pytest.raises(Unavailable) as refused:
        await database.search(ONE)
    assert not isinstance(refused.value, TooSlow)
    for task in going:
        task.cancel()


async def test_lists_and_reads_by_key_do_not_wait_for_searches(opens: Opens) -> None:
    database = await opens(SearchPolicy(at_once=1, waiting=2, seconds=300))
    going = [asyncio.create_task(_outcome(database.search(ENDLESS, MANY))) for _ in range(3)]
    await asyncio.sleep(0.05)
    async with asyncio.timeout(60):
        assert list(await database.list_rows(ONE)) == [(1,)]
        assert list(await database.rows(ONE)) == [(1,)]
    for task in going:
        task.cancel()


async def test_closing_does_not_wait_for_what_runs(opens: Opens) -> None:
    database = await opens(SearchPolicy(at_once=1, seconds=5))
    search = asyncio.create_task(_outcome(database.search(ENDLESS, MANY)))
    await asyncio.sleep(0.1)
    began = time.monotonic()
    await database.close()
    assert time.monotonic() - began < 60
    assert isinstance(await search, Unavailable)


async def test_a_search_cannot_write(opens: Opens, engine: str) -> None:
    if engine != "sqlite":
        pytest.skip("PostgreSQL's connections share one role")
    database = await opens(SearchPolicy())
    with pytest.raises(Unavailable):
        await database.search(Statement("DELETE FROM users"))


async def test_searches_have_a_lower_priority_than_the_event_loop_the_writer_and_lists(
    opens: Opens, engine: str
) -> None:
    if engine != "sqlite":
        pytest.skip("PostgreSQL runs searches in its own processes")
    usual = _nice(threading.main_thread())
    before = set(threading.enumerate())
    database = await opens(SearchPolicy())
    await database.search(ONE)
    of_searches = set(threading.enumerate()) - before
    (searcher,) = [each for each in of_searches if each.name.startswith("sqlite-search")]
    await database.list_rows(ONE)
    others = set(threading.enumerate()) - before - {searcher}
    assert _nice(searcher) == min(19, usual + 10)
    assert {each.name for each in others} >= {"sqlite-writer", "sqlite-search-0"}
    assert {_nice(each) for each in others} == {usual}
    assert _nice(threading.main_thread()) == usual


def test_a_search_runs_where_the_system_refuses_a_lower_priority() -> None:
    requested: list[int] = []

    def refuse(_which: int, thread: int, _nice: int) -> None:
        requested.append(thread)
        raise PermissionError

    lower_priority(refuse)
    assert requested == [threading.get_native_id()]


def _nice(thread: threading.Thread) -> int:
    if thread.native_id is None:
        raise AssertionError("the thread has not begun")
    return os.getpriority(os.PRIO_PROCESS, thread.native_id)


async def _outcome(search: Awaitable[Any]) -> Any:
    try:
        return await search
    except Exception as error:
        return error
