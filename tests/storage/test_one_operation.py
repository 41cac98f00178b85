"""The engines do one operation whole or not at all, beside any other operations."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from samples import access_token

from quantimodo.ports.stores import Conflict, Unavailable
from quantimodo.storage.database import Database, Operation, Statement, execute
from quantimodo.storage.open import sqlite_path
from quantimodo.storage.postgres.database import PostgresDatabase
from quantimodo.storage.sqlite.database import SqliteDatabase
from quantimodo.storage.tables.token_batches import ADD_ACCESS_BATCH, access_token_values

_ADD = Statement("INSERT INTO leases (name, holder, expires_at) VALUES ({1}, {2}, 1)")
_NAMES = Statement("SELECT name FROM leases ORDER BY name")
_ADD_WRONG_FOREIGN_KEY = Statement(
    "INSERT INTO passwords (user_id, hash, changed_at) VALUES ({1}, 'hash', 1)"
)


class _Interrupted(Exception):
    pass


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    path = sqlite_path(database_url)
    opened: Database
    if isinstance(path, Path):
        opened = SqliteDatabase(path)
    else:
        opened = await PostgresDatabase.connect(database_url)
    yield opened
    await opened.close()


def _adds(*names: str, then: Exception | None = None) -> Operation[int]:
    for name in names:
        yield _ADD, (name, "holder")
    if then is not None:
        raise then
    return len(names)


async def _names(database: Database) -> list[str]:
    return [row[0] for row in await database.rows(_NAMES)]


async def test_an_operation_gives_its_result(database: Database) -> None:
    assert await database.write(lambda: _adds("a", "b")) == 2
    assert await _names(database) == ["a", "b"]


async def test_an_operation_sees_what_it_wrote(database: Database) -> None:
    def operation() -> Operation[list[str]]:
        yield _ADD, ("a", "holder")
        rows = yield _NAMES, ()
        return [row[0] for row in rows]

    assert await database.write(operation) == ["a"]


async def test_a_read_after_a_write_sees_it(database: Database) -> None:
    for number in range(50):
        await database.write(execute(_ADD, f"{number:02}", "holder"))
        assert len(await database.rows(_NAMES)) == number + 1


async def test_an_operation_that_raises_leaves_nothing_and_says_why(database: Database) -> None:
    with pytest.raises(_Interrupted):
        await database.write(lambda: _adds("a", "b", then=_Interrupted()))
    assert await _names(database) == []


async def test_a_conflict_midway_leaves_nothing(database: Database) -> None:
    await database.write(lambda: _adds("taken"))
    with pytest.raises(Conflict):
        await database.write(lambda: _adds("a", "taken", "b"))
    assert await _names(database) == ["taken"]


async def test_a_broken_reference_midway_leaves_nothing(database: Database) -> None:
    def operation() -> Operation[None]:
        yield _ADD, ("a", "holder")
        yield _ADD_WRONG_FOREIGN_KEY, (77,)

    with pytest.raises(Conflict):
        await database.write(operation)
    assert await _names(database) == []


async def test_neighbours_of_what_fails_stay(database: Database) -> None:
    await database.write(lambda: _adds("taken"))
    failing = {7: _Interrupted(), 23: None, 31: _Interrupted()}

    def operation(number: int) -> Operation[int]:
        names = [f"{number:02}", "taken"] if number == 23 else [f"{number:02}"]
        return _adds(*names, then=failing.get(number))

    outcomes = await asyncio.gather(
        *(database.write(lambda n=n: operation(n)) for n in range(40)),  # type: ignore[misc]
        return_exceptions=True,
    )
    kinds = {number: type(outcomes[number]) for number in failing}
    assert kinds == {7: _Interrupted, 23: Conflict, 31: _Interrupted}
    kept = [f"{number:02}" for number in range(40) if number not in failing]
    assert [outcomes[int(name)] for name in kept] == [1] * len(kept)
    assert await _names(database) == [*kept, "taken"]


async def test_hot_writes_and_operations_in_one_commit_do_not_fail_each_other(
    database: Database,
) -> None:
    await database.write(lambda: _adds("taken"))
    tokens = [access_token_values(access_token("c", f"t{n}")) for n in (1, 2, 1, 3)]
    outcomes = await asyncio.gather(
        *(database.put(ADD_ACCESS_BATCH, values) for values in tokens),
        database.write(lambda: _adds("a", "taken")),
        database.write(lambda: _adds("b")),
        return_exceptions=True,
    )
    assert sorted(str(type(one).__name__) for one in outcomes[:4]) == ["Conflict"] + ["bool"] * 3
    assert isinstance(outcomes[4], Conflict)
    assert outcomes[5] == 1
    assert await _names(database) == ["b", "taken"]


async def test_a_value_of_the_wrong_kind_fails_alone(database: Database) -> None:
    bad = [*access_token_values(access_token("c", "bad"))]
    bad[4] = object()
    good = [access_token_values(access_token("c", f"t{n}")) for n in range(5)]
    outcomes = await asyncio.gather(
        *(database.put(ADD_ACCESS_BATCH, values) for values in [*good, tuple(bad)]),
        return_exceptions=True,
    )
    assert outcomes[:5] == [True] * 5
    assert isinstance(outcomes[5], Unavailable | ValueError)


async def test_a_caller_who_goes_away_does_not_undo_the_write(database: Database) -> None:
    gone = asyncio.create_task(database.write(lambda: _adds("a")))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    await database.write(lambda: _adds("b"))
    assert "b" in await _names(database)
    while await _names(database) != ["a", "b"]:
        await asyncio.sleep(0.001)


async def test_waiting_writes_are_stored_when_the_database_is_closed(
    database: Database, database_url: str
) -> None:
    waiting = [
        asyncio.create_task(database.write(lambda n=n: _adds(f"{n:03}")))  # type: ignore[misc, arg-type]
        for n in range(200)
    ]
    hot = [
        asyncio.ensure_future(
            database.put(ADD_ACCESS_BATCH, access_token_values(access_token("c", str(n))))
        )
        for n in range(200)
    ]
    await asyncio.sleep(0)
    await database.close()
    assert await asyncio.gather(*waiting) == [1] * 200
    assert await asyncio.gather(*hot) == [True] * 200
    with pytest.raises(Unavailable):
        await database.write(lambda: _adds("late"))
    with pytest.raises(Unavailable):
        await database.put(ADD_ACCESS_BATCH, access_token_values(access_token("c", "late")))
    await database.close()  # once more does no harm


async def test_more_than_the_queue_holds_is_unavailable_at_once(database: Database) -> None:
    tokens = (access_token_values(access_token("c", str(n))) for n in range(20_005))
    outcomes = await asyncio.gather(
        *(database.put(ADD_ACCESS_BATCH, values) for values in tokens), return_exceptions=True
    )
    assert outcomes[:20_000] == [True] * 20_000
    assert [type(refused) for refused in outcomes[20_000:]] == [Unavailable] * 5
    assert await database.put(ADD_ACCESS_BATCH, access_token_values(access_token("c", "later")))
