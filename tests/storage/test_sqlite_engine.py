"""What only SQLite can get wrong: its log, its lock, its disk."""

import asyncio
import socket
import time
from pathlib import Path

import apsw
import pytest
from contenders import CLIENT_ID
from processes import Contenders
from samples import access_token, client

from quantimodo.ports.stores import Unavailable
from quantimodo.storage.database import DEFAULT_SEARCHES, Operation, Statement
from quantimodo.storage.open import open_stores, sqlite_path
from quantimodo.storage.sqlite.connections import connect
from quantimodo.storage.sqlite.database import SqliteDatabase

_MEGABYTE = 2**20


@pytest.fixture
def path(sqlite_url: str) -> Path:
    path = sqlite_path(sqlite_url)
    assert isinstance(path, Path)
    return path


def _log_size(path: Path) -> int:
    log = path.with_name(path.name + "-wal")
    return log.stat().st_size if log.exists() else 0


def _log_beginning(path: Path) -> bytes:
    """The header's checkpoint number: another each time that the log starts anew."""
    with path.with_name(path.name + "-wal").open("rb") as log:
        return log.read(16)[12:]


async def test_a_commit_is_flushed_to_the_disk(sqlite_url: str, path: Path) -> None:
    connection = connect(path)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
    connection.close()


async def test_a_statement_is_compiled_once_for_all_values(sqlite_url: str, path: Path) -> None:
    """Decision 0031: SQLite with STAT4 compiles again for each value unless QPSG is on."""
    await (await open_stores(sqlite_url)).close()
    connection = connect(path)
    joined = (
        "SELECT t.scope FROM access_tokens t JOIN clients c ON c.id = t.client_id"
        " LEFT JOIN grants g ON g.id = t.grant_id WHERE t.key = ?"
    )
    compiled = []
    connection.set_authorizer(lambda *step: compiled.append(step[0]) or apsw.SQLITE_OK)
    for key in (b"a", b"b", b"c"):
        connection.execute(joined, (key,)).fetchall()
    assert compiled.count(apsw.SQLITE_SELECT) == 1
    connection.close()


async def test_after_a_clean_end_all_is_in_one_file(sqlite_url: str, path: Path) -> None:
    stores = await open_stores(sqlite_url)
    await stores.clients.add_client(client(CLIENT_ID))
    await stores.tokens.add_access_token(access_token(CLIENT_ID, "a"))
    assert _log_size(path) > 0
    await stores.close()
    assert _log_size(path) == 0
    copy = path.with_name("copy.db")
    copy.write_bytes(path.read_bytes())
    stores = await open_stores(f"sqlite:///{copy}")
    assert await stores.tokens.access_token(access_token(CLIENT_ID, "a").key) is not None
    await stores.close()


@pytest.mark.slow
async def test_the_log_does_not_grow_without_bound_under_constant_load(
    sqlite_url: str, path: Path
) -> None:
    stores = await open_stores(sqlite_url)
    ends, sizes, beginnings, written = time.monotonic() + 6, [0], {b""}, 0
    scope = frozenset({"x" * 2000})  # a page for each two tokens: much log in little time

    async def write(number: int) -> None:
        nonlocal written
        while time.monotonic() < ends:
            await stores.tokens.add_access_token(
                access_token(CLIENT_ID, f"{number} {written}", scope=scope)
            )
            written += 1
            if written % 100 == 0:
                sizes.append(_log_size(path))
                beginnings.add(_log_beginning(path))

    await asyncio.gather(*(write(number) for number in range(32)))
    await stores.close()
    assert len(beginnings) > 2, "the log was never started anew"
    assert max(sizes) < 256 * _MEGABYTE, written


async def test_readers_do_not_wait_for_a_writer(sqlite_url: str, path: Path) -> None:
    stores = await open_stores(sqlite_url)
    await stores.clients.add_client(client(CLIENT_ID))
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.ensure_future(stores.tokens.add_access_token(access_token(CLIENT_ID, "a")))
    assert await stores.clients.client(CLIENT_ID) is not None
    assert await stores.tokens.access_token(access_token(CLIENT_ID, "a").key) is None
    other.execute("ROLLBACK")
    other.close()
    await waiting
    assert await stores.tokens.access_token(access_token(CLIENT_ID, "a").key) is not None
    await stores.close()


@pytest.mark.slow
async def test_a_full_disk_is_unavailable_and_what_was_acknowledged_stays(
    sqlite_url: str, contenders: Contenders
) -> None:
    stores = await open_stores(sqlite_url)
    await stores.clients.add_client(client(CLIENT_ID))
    await stores.close()
    keys = (await contenders.contend(1, sqlite_url, "fill_disk", str(_MEGABYTE)))["p0"]
    assert len(keys["before"]) > 10
    assert len(keys["refused"]) == 1
    assert len(keys["after"]) == 100
    stores = await open_stores(sqlite_url)
    for kept in keys["before"] + keys["after"]:
        assert await stores.tokens.access_token(bytes.fromhex(kept)) is not None
    assert await stores.tokens.access_token(bytes.fromhex(keys["refused"][0])) is None
    await stores.close()


async def test_a_write_that_a_full_disk_refuses_says_so(sqlite_url: str, path: Path) -> None:
    await (await open_stores(sqlite_url)).close()
    database = SqliteDatabase(path, DEFAULT_SEARCHES)

    def fill() -> Operation[None]:
        # SQLite's own bound on the file: to go beyond it is the same fault as a full disk.
        yield Statement("PRAGMA max_page_count = 1"), ()
        yield Statement("CREATE TABLE t (a BLOB)"), ()
        yield Statement("INSERT INTO t VALUES (zeroblob(?))"), (_MEGABYTE,)

    with pytest.raises(Unavailable, match=r"^the disk with the database is full$"):
        await database.write(fill)
    await database.close()


async def test_the_reads_of_one_turn_of_the_loop_are_one_snapshot(
    sqlite_url: str, path: Path
) -> None:
    stores = await open_stores(sqlite_url)
    await stores.clients.add_client(client(CLIENT_ID))
    other = connect(path)

    assert await stores.clients.client(CLIENT_ID) is not None
    other.execute("DELETE FROM clients")
    # Nothing let the loop come round, so this is still the same moment.
    assert await stores.clients.client(CLIENT_ID) is not None
    await asyncio.sleep(0)
    assert await stores.clients.client(CLIENT_ID) is None
    other.close()
    await stores.close()


async def test_an_awaited_write_is_readable(sqlite_url: str) -> None:
    stores = await open_stores(sqlite_url)
    await stores.clients.add_client(client(CLIENT_ID))

    async def store_and_find(number: int) -> bool:
        token = access_token(CLIENT_ID, f"{number}")
        assert await stores.tokens.access_token(token.key) is None
        await stores.tokens.add_access_token(token)
        return await stores.tokens.access_token(token.key) is not None

    assert all(await asyncio.gather(*(store_and_find(number) for number in range(200))))
    await stores.close()


async def test_a_request_sees_the_earlier_commits_of_other_processes(
    sqlite_url: str, path: Path
) -> None:
    stores, other = await open_stores(sqlite_url), connect(path)
    await stores.clients.add_client(client(CLIENT_ID))
    listening = asyncio.Event()

    async def response(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readexactly(1):
            found = await stores.clients.client(CLIENT_ID)
            writer.write(b"?" if found is None else found.name.encode()[:1])

    async def keep_reading() -> None:
        while not listening.is_set():
            await stores.clients.client(CLIENT_ID)
            await asyncio.sleep(0)

    server = await asyncio.start_server(response, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    busy = asyncio.create_task(keep_reading())

    def ask() -> list[tuple[str, str]]:
        pairs = []
        with socket.create_connection(("127.0.0.1", port)) as line:
            for number in range(300):
                name = "ab"[number % 2]
                other.execute("UPDATE clients SET name = ?, revision = revision + 1", (name,))
                line.sendall(b"?")
                pairs.append((name, line.recv(1).decode()))
        return pairs

    pairs = await asyncio.to_thread(ask)
    listening.set()
    await busy
    server.close()
    assert all(written == read for written, read in pairs)
    other.close()
    await stores.close()
