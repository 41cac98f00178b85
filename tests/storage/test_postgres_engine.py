"""What only PostgreSQL can get wrong: lost connections, locks, the server's own settings."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
from samples import LATER, NOW, Samples, access_token, client, code_of, key, session

from quantimodo.ports.stores import Conflict, Stores, Unavailable
from quantimodo.storage.database import Operation, Statement
from quantimodo.storage.open import open_stores
from quantimodo.storage.postgres.connections import connect
from quantimodo.storage.postgres.database import PostgresDatabase
from quantimodo.storage.stored_settings import read_stored_settings
from quantimodo.storage.tables.token_batches import ADD_ACCESS_BATCH, access_token_values

pytestmark = pytest.mark.postgres

_SOCKET = ".s.PGSQL.5432"
_TERMINATE = b"X\x00\x00\x00\x04"  # the last message of a client
_HOLD = Statement("UPDATE leases SET holder = {2} WHERE name = {1} RETURNING name")
_PAUSE = Statement("SELECT pg_sleep(0.3)")


@pytest.fixture
async def stores(postgres_url: str) -> AsyncIterator[Stores]:
    opened = await open_stores(postgres_url)
    yield opened
    await opened.close()


@pytest.fixture
def samples(stores: Stores) -> Samples:
    return Samples(stores)


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[PostgresDatabase]:
    opened = await PostgresDatabase.connect(postgres_url)
    yield opened
    await opened.close()


@pytest.fixture
async def other_connection(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of another program."""
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()


async def _disconnect(other_connection: asyncpg.Connection) -> None:
    await other_connection.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


async def test_a_commit_is_durable_whatever_the_server_s_default(postgres_url: str) -> None:
    careless = f"{postgres_url}&options=-csynchronous_commit%3Doff"
    connection = await connect(careless)
    try:
        assert await connection.fetchval("SHOW synchronous_commit") == "on"
        assert await connection.fetchval("SHOW statement_timeout") == "10s"
        assert await connection.fetchval("SHOW lock_timeout") == "5s"
        assert await connection.fetchval("SHOW transaction_isolation") == "read committed"
    finally:
        await connection.close()


async def test_reads_survive_lost_connections(
    stores: Stores, other_connection: asyncpg.Connection
) -> None:
    await stores.clients.add_client(client("c"))
    for _ in range(5):
        await _disconnect(other_connection)
        assert await stores.clients.client("c") == client("c")


async def test_writes_after_lost_connections_are_kept(
    stores: Stores, other_connection: asyncpg.Connection
) -> None:
    await stores.clients.add_client(client("c"))
    await stores.tokens.add_access_token(access_token("c", "before"))
    await _disconnect(other_connection)
    assert await stores.clients.client("c") is not None  # by now the loss is noticed
    await stores.tokens.add_access_token(access_token("c", "after"))
    await stores.tokens.revoke_jwt("jti", LATER)
    assert await stores.tokens.access_token(key("after")) is not None
    assert await stores.tokens.token_status("jti", "c", None) is None


async def test_a_logout_request_without_an_end_costs_nothing(
    postgres_url: str, other_connection: asyncpg.Connection
) -> None:
    """Statements between the shutdown message of a server and its disconnect are run again."""
    async with _delayed_address(postgres_url) as url:
        stores = await open_stores(url)
        try:
            await stores.clients.add_client(client("c"))
            await stores.tokens.add_access_token(access_token("c", "before"))
            await _disconnect(other_connection)
            await stores.tokens.add_access_token(
                access_token("c", "after")
            )  # a statement of a batch
            assert await stores.clients.client("c") == client("c")  # a read
            for name in "wxyz":  # a transaction, on each line of the pool
                await stores.clients.add_client(client(name))
            assert await stores.tokens.access_token(key("after")) is not None
        finally:
            await stores.close()


@asynccontextmanager
async def _delayed_address(url: str) -> AsyncIterator[str]:
    """A connection to the same server that passes the shutdown message and not the disconnect."""
    (host,) = parse_qs(urlsplit(url).query)["host"]

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while some := await reader.read(65536):
                writer.write(some)
                if some.endswith(_TERMINATE):
                    return
                await writer.drain()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        responses, questions = await asyncio.open_unix_connection(f"{host}/{_SOCKET}")
        answering = asyncio.create_task(carry(responses, writer))
        try:
            await carry(reader, questions)
        finally:
            questions.close()
            await answering
            writer.close()

    with TemporaryDirectory(prefix="qm-delay-", dir="/tmp") as folder:  # a short path, for a socket
        server = await asyncio.start_unix_server(serve, f"{folder}/{_SOCKET}")
        try:
            yield url.replace(host, folder)
        finally:
            server.close()


async def test_a_write_whose_connection_is_lost_is_unavailable_and_the_next_is_not(
    stores: Stores, other_connection: asyncpg.Connection
) -> None:
    await stores.clients.add_client(client("c"))
    async with other_connection.transaction():
        await other_connection.execute("LOCK TABLE access_tokens, leases IN ACCESS EXCLUSIVE MODE")
        writes = [
            asyncio.ensure_future(stores.tokens.add_access_token(access_token("c", "a"))),
            asyncio.ensure_future(stores.leases.lease("l", "h", timedelta(minutes=1), NOW)),
        ]
        await _until_waiting(other_connection, 2)
        await _disconnect(other_connection)
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(one) for one in outcomes] == [Unavailable, Unavailable]
    assert await stores.tokens.access_token(key("a")) is None
    await stores.tokens.add_access_token(access_token("c", "a"))
    assert await stores.leases.lease("l", "h", timedelta(minutes=1), NOW)


async def _until_waiting(other_connection: asyncpg.Connection, count: int) -> None:
    waiting = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted"
    async with asyncio.timeout(10):
        while await other_connection.fetchval(waiting) < count:
            await asyncio.sleep(0.01)


async def test_reads_go_on_while_a_row_is_held(
    stores: Stores, samples: Samples, other_connection: asyncpg.Connection
) -> None:
    grant = await samples.grant()
    async with other_connection.transaction():
        await other_connection.execute("UPDATE grants SET scope = scope WHERE id = $1", grant.id)
        revoking = asyncio.ensure_future(stores.tokens.revoke_grant(grant.id, NOW))
        await _until_waiting(other_connection, 1)
        assert await stores.clients.client(grant.client_id) is not None
        assert await stores.tokens.token_status("jti", grant.client_id, grant.id) is not None
    assert await revoking
    assert await stores.tokens.token_status("jti", grant.client_id, grant.id) is None


async def test_operations_that_lock_each_other_out_both_succeed(
    database: PostgresDatabase, other_connection: asyncpg.Connection
) -> None:
    await other_connection.execute("INSERT INTO leases VALUES ('a', '', 1), ('b', '', 1)")

    def operation(holder: str, *names: str) -> Operation[str]:
        for name in names:
            yield _HOLD, (name, holder)
            yield _PAUSE, ()
        return holder

    both = [
        database.write(lambda: operation("first", "a", "b")),
        database.write(lambda: operation("second", "b", "a")),
    ]
    assert await asyncio.gather(*both) == ["first", "second"]
    holders = await other_connection.fetch("SELECT DISTINCT holder FROM leases")
    assert len(holders) == 1  # one after the other, whole


async def test_a_text_that_cannot_be_kept_fails_alone(database: PostgresDatabase) -> None:
    bad = access_token_values(access_token("c\0c", "bad"))
    rows: list[Any] = [access_token_values(access_token("c", f"t{n}")) for n in range(20)]
    rows.insert(11, bad)
    outcomes = await asyncio.gather(
        *(database.put(ADD_ACCESS_BATCH, values) for values in rows), return_exceptions=True
    )
    assert isinstance(outcomes.pop(11), ValueError)
    assert outcomes == [True] * 20


async def test_a_broken_transaction_does_not_spoil_its_connection(stores: Stores) -> None:
    await stores.clients.add_client(client("c"))
    for _ in range(20):  # more than there are connections
        with pytest.raises(Conflict):
            await stores.clients.add_client(client("c"))
    assert await stores.leases.lease("l", "h", timedelta(minutes=1), NOW)


async def test_no_transaction_is_left_open(
    stores: Stores, other_connection: asyncpg.Connection
) -> None:
    await stores.clients.add_client(client("c"))
    for task in [asyncio.ensure_future(stores.clients.set_logo("c", None)) for _ in range(8)]:
        await asyncio.sleep(0)
        task.cancel()
    with pytest.raises(Conflict):
        await stores.users.set_password(77, "hash", NOW)
    await stores.database.ping()
    for _ in range(4):
        await stores.leases.lease("l", "h", timedelta(minutes=1), NOW)
    idle = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
    async with asyncio.timeout(5):
        while await other_connection.fetchval(idle):
            await asyncio.sleep(0.01)


async def test_a_closed_database_has_disconnected(
    postgres_url: str, other_connection: asyncpg.Connection
) -> None:
    opened = await open_stores(postgres_url)
    await opened.clients.add_client(client("c"))
    await opened.tokens.add_access_token(access_token("c", "a"))
    await opened.close()
    for attempt in (
        opened.clients.client("c"),
        opened.database.ping(),
        opened.tokens.add_access_token(access_token("c", "b")),
    ):
        with pytest.raises(Unavailable):
            await attempt
    others = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    async with asyncio.timeout(5):
        while await other_connection.fetchval(others):
            await asyncio.sleep(0.01)


async def _waits(other_connection: asyncpg.Connection, task: "asyncio.Task[Any]") -> bool:
    """Whether the task comes to wait for a lock, rather than to its end."""
    while not task.done():
        if await other_connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            return True
    return False


async def test_a_session_never_slips_past_a_takeover_that_is_under_way(
    stores: Stores, samples: Samples, other_connection: asyncpg.Connection
) -> None:
    ann = await samples.user(password_hash="the attacker's")
    transaction = other_connection.transaction()
    await transaction.start()
    # What `mark_email_verified` does; its end of all sessions is past, and its commit is not.
    await other_connection.execute("UPDATE users SET email_verified_at = 1 WHERE id = $1", ann.id)
    await other_connection.execute("DELETE FROM passwords WHERE user_id = $1", ann.id)
    await other_connection.execute("DELETE FROM sessions WHERE user_id = $1", ann.id)
    begun = asyncio.create_task(stores.sessions.add_session(session("late", ann), None))
    assert await _waits(other_connection, begun)
    await transaction.commit()
    await begun
    # The caller reads the password again afterwards, and sees that it is gone.
    assert await stores.users.password_hash(ann.id) is None


async def test_an_authorization_never_slips_past_a_withdrawal_that_is_under_way(
    stores: Stores, samples: Samples, other_connection: asyncpg.Connection
) -> None:
    grant = await samples.unsaved_grant()
    transaction = other_connection.transaction()
    await transaction.start()
    # What `withdraw_consent` does: all grants are marked, and nothing is committed yet.
    await other_connection.execute("DELETE FROM consents WHERE user_id = $1", grant.user_id)
    await other_connection.execute(
        "UPDATE grants SET revoked_at = 1 WHERE user_id = $1", grant.user_id
    )
    begun = asyncio.create_task(stores.authorizations.add_grant(grant, code_of(grant)))
    assert await _waits(other_connection, begun)
    await transaction.commit()
    assert not await begun


async def test_stored_settings_that_cannot_be_read_are_no_stack_trace(
    empty_postgres_url: str,
) -> None:
    """A start and each command read them first."""
    assert await read_stored_settings(empty_postgres_url) is None
    connection = await asyncpg.connect(empty_postgres_url)
    await connection.execute("CREATE TABLE stored_settings (id integer)")
    await connection.close()
    with pytest.raises(Unavailable) as fault:
        await read_stored_settings(empty_postgres_url)
    assert isinstance(fault.value.__cause__, asyncpg.UndefinedColumnError)
