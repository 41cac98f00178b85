"""security.md §23b: what was deleted is gone from the file and its log within a minute (SQLite)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from samples import NOW

from quantimodo.model.measurements import Entry, EntrySet, Filter, NewVariable, Order
from quantimodo.model.users import NewUser
from quantimodo.ports.stores import Stores
from quantimodo.storage.open import sqlite_path
from quantimodo.storage.sqlite.database import SqliteDatabase
from quantimodo.storage.stores import build_stores

NOTE = "a-private-note"
FILTERS: tuple[Filter, ...] = ()
Deletes = Callable[[Stores, int], Awaitable[object]]


@pytest.fixture
def path(sqlite_url: str) -> Path:
    found = sqlite_path(sqlite_url)
    assert found is not None
    return found


@pytest.fixture
async def stores(path: Path) -> AsyncIterator[Stores]:
    opened = build_stores(SqliteDatabase(path, empty_log_every=0.1))
    yield opened
    await opened.close()


async def _one(stores: Stores, user_id: int) -> None:
    for row in await stores.measurements.measurements(user_id, FILTERS, Order(), limit=5_000):
        await stores.measurements.delete_measurement(user_id, row.id)


async def _changed(stores: Stores, user_id: int) -> None:
    for row in await stores.measurements.measurements(user_id, FILTERS, Order(), limit=5_000):
        entry = Entry(row.start, row.value, row.stored_value, row.stored_unit_id, "")
        await stores.measurements.change_measurement(user_id, row.id, entry, NOW)


DELETIONS: dict[str, tuple[int, Deletes]] = {
    "one by one": (30, _one),
    "notes overwritten": (30, _changed),
    # Enough that whole pages are freed.
    "a variable": (
        4_500,
        lambda stores, user_id: stores.variables.delete_variable(user_id, "Mood"),
    ),
    "an account": (4_500, lambda stores, user_id: stores.users.delete_user(user_id, NOW)),
}


@pytest.mark.parametrize("kind", DELETIONS)
async def test_deleted_notes_are_in_neither_file(stores: Stores, path: Path, kind: str) -> None:
    number, delete = DELETIONS[kind]
    newcomer = NewUser(subject="ann", name="Ann Example", email=None, created_at=NOW)
    user = await stores.users.add_user(newcomer, None)
    unit, category = (
        (await stores.references.units())[0].id,
        (await stores.references.variable_categories())[0].id,
    )
    variable = NewVariable(name="Mood", category_id=category, unit_id=unit, combination="MEAN")
    entries = tuple(Entry(at * 1_000_000, 1.0, 1.0, unit, NOTE) for at in range(number))
    assert await stores.measurements.save_measurements(
        user.id, [EntrySet(variable, "", entries)], NOW
    )
    assert _holds_the_note(path)
    await delete(stores, user.id)
    async with asyncio.timeout(60):
        while _holds_the_note(path):
            await asyncio.sleep(0.05)


def _holds_the_note(path: Path) -> bool:
    files = (path, path.with_name(f"{path.name}-wal"))
    return any(NOTE.encode() in file.read_bytes() for file in files if file.exists())
