"""v2-api.md §6: what was acknowledged to a client survives `kill -9` at the next instant."""

from collections import deque
from collections.abc import Callable
from random import Random

import pytest
from damage import Integrity
from load import LANES, Load, ReceivedTokens, spread

from quantimodo.pages.cookie_names import SESSION, cookie_prefix
from support.cluster import open_cluster
from support.oauth_client import Caller, Tokens
from support.raw_http import Connection
from support.workers import Workers

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
KILLS = 10
WORKERS = 2
CHAINS = 2 * LANES
RESPONSES = (40, 200)  # how many, at least and at most, before a kill


async def test_ten_kills_of_all_processes_lose_nothing_that_was_acknowledged(
    prepared: Callable[[int], Workers], integrity: Integrity
) -> None:
    server, random = prepared(WORKERS), Random(7)
    server.start()
    app, session = await _app_and_session(server)
    all_received = [ReceivedTokens(chains=await _chains(server, app, session))]
    for _ in range(KILLS):
        received = ReceivedTokens(chains=_next_chains(all_received[-1]))
        await Load(server, app, session, received, random.randint(*RESPONSES)).run()
        integrity.after_a_kill()
        server.start()
        await _check(server, app, received)
        all_received.append(received)
    for received in all_received:
        await _check(server, app, received)
    server.kill()
    integrity.at_the_end()


async def _app_and_session(server: Workers) -> tuple[Caller, str]:
    """The app, and the session cookie of a person who allowed it.

    The stores are closed again: while the server is killed, no other process has the database open.
    """
    async with open_cluster(server) as cluster, cluster.browser() as browser:
        await cluster.consent()
        await cluster.sign_in(browser)
        name = cookie_prefix(server.settings.issuer) + SESSION
        return cluster.app, f"{name}={browser.cookies[name]}"


async def _chains(server: Workers, app: Caller, session: str) -> deque[str]:
    """The first refresh tokens of as many authorizations as are refreshed at once."""
    received = ReceivedTokens()
    load = Load(server, app, session, received, killed_after=0)
    async with await Connection.open(server.port) as connection:
        while len(received.chains) < CHAINS:
            await load.code(connection)
    return received.chains


def _next_chains(received: ReceivedTokens) -> deque[str]:
    return deque(received.chains.popleft() for _ in range(CHAINS))


async def _check(server: Workers, app: Caller, received: ReceivedTokens) -> None:
    """Everything that was received works; the chains continue, and the codes are redeemed."""

    async def active(connection: Connection, token: str) -> None:
        assert await app.is_active(connection, token)

    async def redeem(connection: Connection, code: str) -> None:
        received.store(Tokens.of(await connection.ask(app.redemption(code))))

    async def refresh(connection: Connection, token: str) -> None:
        received.store(Tokens.of(await connection.ask(app.refreshing(token))))

    await spread(server.port, received.access, active)
    codes, received.codes = received.codes, []
    await spread(server.port, codes, redeem)
    chains, received.chains = received.chains, deque()
    await spread(server.port, chains, refresh)
