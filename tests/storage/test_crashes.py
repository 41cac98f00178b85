"""`kill -9`: what was acknowledged is there afterwards, and nothing is corrupt.

A process issues and rotates tokens and says each key when it was acknowledged, until it is
killed in the middle of it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from shutil import copyfile

import apsw
import asyncpg
import pytest
from contenders import CLIENT_ID, first_token, numbered_grant
from processes import Contender, Contenders
from samples import NOW, client, code_of, consent, new_user

from quantimodo.ports.stores import Stores, Unavailable
from quantimodo.storage.open import open_stores, sqlite_path
from support.postgres import Databases, PostgresServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

_CRASHES = 20
_ENOUGH = 300  # acknowledged before the end


@pytest.fixture
def sqlite_url(disk_path: Path, migrated_file: Path) -> str:
    return f"sqlite:///{copyfile(migrated_file, disk_path / 'crash.db')}"


@pytest.fixture(scope="module")
def durable_server() -> Iterator[PostgresServer]:
    """A server as people run it, that may be killed."""
    server = PostgresServer()
    server.start()
    yield server
    server.remove()


@pytest.fixture
def durable_url(durable_server: PostgresServer) -> str:
    return Databases(durable_server).migrated("durable")


@pytest.fixture
async def durable_stores(durable_url: str) -> AsyncIterator[Stores]:
    stores = await open_stores(durable_url)
    yield stores
    await stores.close()


async def _begin(stores: Stores) -> None:
    assert (await stores.users.add_user(new_user("s"), None)).id == 1
    await stores.clients.add_client(client(CLIENT_ID))
    await stores.authorizations.save_consent(consent(1, CLIENT_ID, "basic"))


async def _give_first_tokens(stores: Stores, *, first_number: int) -> None:
    for number in range(first_number, first_number + 10):
        grant = numbered_grant(number)
        assert await stores.authorizations.add_grant(grant, code_of(grant))
        assert await stores.tokens.redeem(code_of(grant), NOW, None, first_token(number))


async def _read_keys(process: Contender, count: int) -> list[bytes]:
    return [bytes.fromhex((await process.output.readline()).decode()) for _ in range(count)]


async def _kill(process: Contender) -> list[bytes]:
    """Kill it; the keys that it still said before."""
    lines = (await process.kill()).splitlines(keepends=True)
    return [bytes.fromhex(line.decode()) for line in lines if line[-1] == 10]


async def _missing(stores: Stores, keys: list[bytes]) -> list[bytes]:
    found = await asyncio.gather(
        *(
            asyncio.gather(stores.tokens.access_token(k), stores.tokens.refresh_token(k))
            for k in keys
        )
    )
    return [k for k, (access, refresh) in zip(keys, found, strict=True) if not (access or refresh)]


async def _pour_and_kill(
    contenders: Contenders, url: str, name: str, first_number: int
) -> list[bytes]:
    process = await contenders.start(url, name, "pour", str(first_number))
    process.begin()
    keys = await _read_keys(process, _ENOUGH)
    return keys + await _kill(process)


async def test_a_killed_server_process_loses_nothing_on_sqlite(
    sqlite_url: str, contenders: Contenders
) -> None:
    path = sqlite_path(sqlite_url)
    assert isinstance(path, Path)
    stores = await open_stores(sqlite_url)
    await _begin(stores)
    await stores.close()
    for crash in range(_CRASHES):
        stores = await open_stores(sqlite_url)
        await _give_first_tokens(stores, first_number=10 * crash)
        await stores.close()  # so that the killed process was alone, and the log is left to us
        acknowledged = await _pour_and_kill(contenders, sqlite_url, f"crash {crash}", 10 * crash)
        assert len(acknowledged) >= _ENOUGH
        with closing(apsw.Connection(str(path))) as file:
            assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        stores = await open_stores(sqlite_url)
        assert await _missing(stores, acknowledged) == []
        await stores.close()


async def test_one_of_four_killed_processes_does_not_hold_up_the_others_on_sqlite(
    sqlite_url: str, contenders: Contenders
) -> None:
    stores = await open_stores(sqlite_url)
    await _begin(stores)
    await _give_first_tokens(stores, first_number=0)
    for crash in range(3):
        victim = await contenders.start(sqlite_url, f"victim {crash}", "pour", "0")
        victim.begin()
        await _read_keys(victim, _ENOUGH)
        killed = asyncio.create_task(_kill(victim))
        responses = await contenders.contend(3, sqlite_url, "write", "0.3")
        assert all(len(taken) > 10 for taken in responses.values())
        assert await _missing(stores, await killed) == []
    await stores.close()


@pytest.mark.postgres
async def test_a_killed_server_process_loses_nothing_on_postgres(
    postgres_url: str, contenders: Contenders
) -> None:
    stores = await open_stores(postgres_url)
    await _begin(stores)
    for crash in range(_CRASHES):
        await _give_first_tokens(stores, first_number=10 * crash)
        acknowledged = await _pour_and_kill(contenders, postgres_url, f"crash {crash}", 10 * crash)
        assert len(acknowledged) >= _ENOUGH
        assert await _missing(stores, acknowledged) == []
    await stores.close()
    await _check(postgres_url)


@pytest.mark.postgres
async def test_a_killed_postgres_loses_nothing_and_servers_come_back_by_themselves(
    durable_url: str, durable_stores: Stores, durable_server: PostgresServer, contenders: Contenders
) -> None:
    await _begin(durable_stores)
    await _give_first_tokens(durable_stores, first_number=0)
    process = await contenders.start(durable_url, "pouring", "pour", "0")
    process.begin()
    acknowledged = await _read_keys(process, _ENOUGH)
    for _ in range(3):
        await asyncio.to_thread(durable_server.kill)
        with pytest.raises(Unavailable):
            await durable_stores.clients.client(CLIENT_ID)
        with pytest.raises(Unavailable):
            await durable_stores.tokens.revoke_jwt("jti", NOW)
        await asyncio.to_thread(durable_server.start)
        acknowledged += await _read_keys(process, 3 * _ENOUGH)
    acknowledged += await _kill(process)
    await _responds_again(durable_stores)
    assert await _missing(durable_stores, acknowledged) == []
    await durable_stores.tokens.revoke_jwt("jti", NOW)
    await _check(durable_url)


async def _responds_again(stores: Stores) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                return await stores.database.ping()
            except Unavailable:
                await asyncio.sleep(0.05)


async def _check(url: str) -> None:
    """Every table reads the same from its pages (whose checksums hold) and through its key."""
    connection = await asyncpg.connect(url)
    try:
        keys = await connection.fetch(
            "SELECT conrelid::regclass::text, string_agg(quote_ident(attname), ', ')"
            " FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)"
            " WHERE contype = 'p' AND connamespace = 'public'::regnamespace GROUP BY 1"
        )
        for table, columns in keys:
            row = f"md5(string_agg(t::text, '' ORDER BY {columns}))"
            await connection.execute("SET enable_seqscan = on; SET enable_indexscan = off")
            from_pages = await connection.fetchval(f"SELECT {row} FROM {table} t")
            await connection.execute("SET enable_seqscan = off; SET enable_indexscan = on")
            by_key = await connection.fetchval(
                f"SELECT {row} FROM (SELECT * FROM {table} ORDER BY {columns}) t"
            )
            assert from_pages == by_key, table
        assert len(keys) > 15
    finally:
        await connection.close()
