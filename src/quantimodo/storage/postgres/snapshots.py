"""Dumps a PostgreSQL database by `pg_dump`, and restores it by `pg_restore`.

The programs read the address from files that only this account can read. It is never in their
arguments or environment, which other accounts and core dumps may show.
"""

import asyncio
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from quantimodo.storage.postgres.connections import connect
from quantimodo.storage.postgres.schema import MIGRATION_LOCK
from quantimodo.storage.sqlite.snapshots import Occupied

_SERVICE: Final = "quantimodo"
_OPTIONS: Final = ("--no-owner", "--no-privileges", f"--dbname=service={_SERVICE}")
# Parameters of libpq; asyncpg takes all others of an address as settings of the session.
_OF_LIBPQ: Final = frozenset(
    {"host", "port", "user", "dbname", "sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl"}
    | {"sslpassword", "options", "application_name", "connect_timeout", "target_session_attrs"}
    | {"passfile", "krbsrvname", "gsslib", "ssl_min_protocol_version", "ssl_max_protocol_version"}
)
_ASYNCPG_NAMES: Final = {"database": "dbname"}
_COUNT_RELATIONS: Final = """
SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"""


class ProgramFailed(Exception):
    """A program of PostgreSQL is missing, or failed; the text says what to do."""


async def dump_postgres(url: str, file: IO[bytes], search_path: str) -> None:
    """Write a dump in PostgreSQL's custom format: one consistent state, with everything that was
    committed before it began. Raises `ProgramFailed`."""
    program = _program("pg_dump", search_path)
    await _run(url, [program, "--format=custom", "--no-password", *_OPTIONS], into=file)


async def restore_postgres(url: str, file: IO[bytes], search_path: str) -> None:
    """Load a dump into an empty database, in one transaction, while no server can migrate it.

    Raises `Occupied`, `ProgramFailed`, `Unavailable`; then the database is as it was.
    """
    program = _program("pg_restore", search_path)
    connection = await connect(url, "SET statement_timeout = 0", seconds=None)
    try:
        # Servers that start wait for the lock before they make tables.
        await connection.execute(f"SELECT pg_advisory_lock({MIGRATION_LOCK})")
        if await connection.fetchval(_COUNT_RELATIONS):
            raise Occupied(
                "the database has tables already, and a restore replaces nothing. Name an empty"
                " database in the setting database"
            )
        restoring = [program, "--exit-on-error", "--single-transaction", "--no-password"]
        await _run(url, [*restoring, *_OPTIONS], source=file)
    finally:
        await connection.close()


async def check_dump(file: IO[bytes], search_path: str) -> None:
    """Raises `ProgramFailed` when `pg_restore` cannot read the dump. Connects to no server."""
    await _run("", [_program("pg_restore", search_path), "--list"], source=file)


async def require_empty(url: str) -> None:
    """Raises `Occupied` when the database has tables, `Unavailable`."""
    connection = await connect(url, "SET statement_timeout = 0", seconds=None)
    try:
        if await connection.fetchval(_COUNT_RELATIONS):
            raise Occupied("the database has tables already, and a restore replaces nothing")
    finally:
        await connection.close()


def connection_files(url: str) -> tuple[str, str]:
    """The address as a service file of libpq, and the password as its password file."""
    parts = urlsplit(url)
    account, _, locations = parts.netloc.rpartition("@")
    user, _, quoted = account.partition(":")
    password = unquote(quoted)
    hosts, ports = _hosts_and_ports(locations)
    values = {
        "host": hosts,
        "port": ports,
        "user": unquote(user),
        "dbname": unquote(parts.path[1:]),
    }
    options = []
    for name, value in parse_qsl(parts.query):
        name = _ASYNCPG_NAMES.get(name, name)
        if name == "password":
            password = value
        elif name in _OF_LIBPQ:
            values[name] = value
        else:
            escaped = value.replace("\\", "\\\\").replace(" ", "\\ ")
            options.append(f"-c {name}={escaped}")
    values["options"] = " ".join([*filter(None, [values.get("options")]), *options])
    for text in (*values.values(), password):
        if any(character in text for character in "\r\n\0"):
            raise ProgramFailed("the address of the database must not have line breaks")
    lines = [f"[{_SERVICE}]", *(f"{name}={value}" for name, value in values.items() if value)]
    escaped = password.replace("\\", "\\\\").replace(":", "\\:")
    return "\n".join(lines) + "\n", f"*:*:*:*:{escaped}\n" if password else ""


def _hosts_and_ports(text: str) -> tuple[str, str]:
    """The hosts and the ports of an address, as libpq lists them."""
    hosts, ports = [], []
    for location in filter(None, text.split(",")):
        host, _, port = (
            location.rpartition(":") if not location.endswith("]") else (location, "", "")
        )
        if not host:
            host, port = location.rstrip(":"), ""
        hosts.append(unquote(host).strip("[]"))
        ports.append(port)
    return ",".join(hosts), ",".join(ports) if any(ports) else ""


@contextmanager
def _environment(url: str) -> Iterator[Mapping[str, str]]:
    """The environment of a program of PostgreSQL, with the names of its files."""
    service, password = connection_files(url)
    # The settings of this server have secrets that these programs do not need.
    kept = {name: text for name, text in os.environ.items() if not name.startswith("QUANTIMODO_")}
    with TemporaryDirectory(prefix="quantimodo-") as folder:  # with mode 0700
        files = {"PGSERVICEFILE": service}
        if password:
            files["PGPASSFILE"] = password
            kept.pop("PGPASSWORD", None)
        for name, text in files.items():
            file = Path(folder, name.lower())
            file.touch(mode=0o600)
            file.write_text(text, "utf-8")
            kept[name] = str(file)
        yield {**kept, "LC_ALL": "C"}


def _program(name: str, search_path: str) -> str:
    found = shutil.which(name, path=search_path)
    if found is None:
        raise ProgramFailed(
            f"{name} is not on the PATH. Install PostgreSQL's client programs, of the version of"
            " the server or a newer one (Debian: postgresql-client)"
        )
    return found


async def _run(
    url: str, command: list[str], *, source: IO[bytes] | None = None, into: IO[bytes] | None = None
) -> None:
    with _environment(url) as environment:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL if source is None else source,
            stdout=asyncio.subprocess.DEVNULL if into is None else into,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, errors = await process.communicate()
        except asyncio.CancelledError:
            process.terminate()
            await process.wait()
            raise
    if process.returncode != 0:
        # These programs never print a password.
        lines = errors.decode("utf-8", "replace").strip().splitlines() or ["it printed no reason"]
        raise ProgramFailed(f"{Path(command[0]).name} failed: {lines[0]}")
