"""An export of 60,000 measurements takes as much memory as a small one."""

import asyncio
import sys
import zipfile
from pathlib import Path

import pytest

from quantimodo.measurements.catalogue import References
from quantimodo.measurements.csv_import import parse_csv
from quantimodo.model.measurements import Entry, EntrySet, NewVariable, Variable
from quantimodo.model.users import User
from quantimodo.ports.stores import Stores
from support.account_services import AccountServices

ROWS = 60_000
MOST_KIBIBYTES = 6 * 1024


@pytest.mark.slow
async def test_the_memory_is_bounded_and_every_row_is_in_the_file(
    services: AccountServices, sqlite_url: str, user: User, tmp_path: Path
) -> None:
    stores = services.stores
    await _fill(stores, user)
    path = tmp_path / "export.zip"
    program = Path(__file__).with_name("write_export.py")
    writing = await asyncio.create_subprocess_exec(
        *(sys.executable, program, sqlite_url, str(user.id), path),
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await writing.communicate()
    assert writing.returncode == 0
    assert int(printed) < MOST_KIBIBYTES
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        sheets = [name for name in archive.namelist() if "/measurements-" in name]
        assert len(sheets) == 6
        catalogue = await References(stores.references).catalogue()
        first = parse_csv(archive.read(sheets[0]), catalogue)
        assert sum(len(each.entries) for each in first.sets) == 10_000
        rows = sum(archive.read(name).count(b"\r\n") - 1 for name in sheets)
        lines = archive.read("measurements/measurements.jsonl").count(b"\n")
    assert rows == lines == ROWS


async def _fill(stores: Stores, user: User) -> None:
    unit = next(each for each in await stores.references.units() if each.abbreviated_name == "/5")
    category = (await stores.references.variable_categories())[0]
    variable: Variable | NewVariable = NewVariable(
        name="Mood", category_id=category.id, unit_id=unit.id, combination="MEAN"
    )
    for first in range(0, ROWS, 10_000):
        entries = tuple(
            Entry(1_700_000_000_000_000 + at * 60_000_000, at % 5 + 1, at % 5 + 1, unit.id, "calm")
            for at in range(first, first + 10_000)
        )
        saved = await stores.measurements.save_measurements(
            user.id, [EntrySet(variable, "phone", entries)], user.created_at
        )
        assert saved
        (variable,) = await stores.variables.variables_named(user.id, ["Mood"])
