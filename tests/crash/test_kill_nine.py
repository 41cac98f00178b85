"""v2-api.md §6: what was acknowledged to a client survives `kill -9` at the next instant."""

from collections import deque
from collections.abc import Callable
from random import Random

import pytest
from damage import Witness
from load import LANES, Ledger, Load, spread

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
    prepared: Callable[[int], Workers], witness: Witness
) -> None:
    server, random = prepared(WORKERS), Random(7)
    server.start()
    app, session = await _open_for_business(server)
    ledgers = [Ledger(chains=await _chains(server, app, session))]
    for _ in range(KILLS):
        ledger = Ledger(chains=_handed_over(ledgers[-1]))
        await Load(server, app, session, ledger, random.randint(*RESPONSES)).run()
        witness.after_a_kill()
        server.start()
        await _check(server, app, ledger)
        ledgers.append(ledger)
    for ledger in ledgers:
        await _check(server, app, ledger)
    server.kill()
    witness.at_the_end()


async def _open_for_business(server: Workers) -> tuple[Caller, str]:
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
    ledger = Ledger()
    load = Load(server, app, session, ledger, killed_after=0)
    async with await Connection.open(server.port) as connection:
        while len(ledger.chains) < CHAINS:
            await load.code(connection)
    return ledger.chains


def _handed_over(ledger: Ledger) -> deque[str]:
    return deque(ledger.chains.popleft() for _ in range(CHAINS))


async def _check(server: Workers, app: Caller, ledger: Ledger) -> None:
    """Everything in the ledger works; the chains go on, and its codes are redeemed."""

    async def active(connection: Connection, token: str) -> None:
        assert await app.is_active(connection, token)

    async def redeem(connection: Connection, code: str) -> None:
        ledger.store(Tokens.of(await connection.ask(app.redemption(code))))

    async def refresh(connection: Connection, token: str) -> None:
        ledger.store(Tokens.of(await connection.ask(app.refreshing(token))))

    await spread(server.port, ledger.access, active)
    codes, ledger.codes = ledger.codes, []
    await spread(server.port, codes, redeem)
    chains, ledger.chains = ledger.chains, deque()
    await spread(server.port, chains, refresh)
