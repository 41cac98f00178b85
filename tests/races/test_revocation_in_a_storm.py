"""RFC 7009 §2.1 and security.md §7: what is revoked while it is being refreshed stays revoked."""

import asyncio
from dataclasses import dataclass, field

import pytest

from support.app import form_fields
from support.cluster import Cluster
from support.oauth_client import Tokens, refused
from support.raw_http import Connection

pytestmark = pytest.mark.slow
GRANTS = 6
TABS = 4
BEFORE = 20  # refreshes of each authorization before it is revoked
MOST = 2_000  # refreshes of one tab: a storm that does not end is a failure


@dataclass(slots=True)
class Storm:
    """One authorization that several tabs refresh as fast as they can, until none may any more."""

    cluster: Cluster
    tabs: list[Connection]
    newest: Tokens
    given: list[Tokens] = field(default_factory=list)
    ripe: asyncio.Event = field(default_factory=asyncio.Event)

    async def rage(self) -> None:
        await asyncio.gather(*(self._refresh(tab) for tab in self.tabs))

    async def _refresh(self, tab: Connection) -> None:
        for _ in range(MOST):
            response = await tab.ask(self.cluster.app.refreshing(self.newest.refresh))
            if response.status != 200:
                refused(response)
                return
            self.newest = Tokens.of(response)
            self.given.append(self.newest)
            if len(self.given) == BEFORE:
                self.ripe.set()
        raise AssertionError("the authorization was not revoked")

    async def assert_dead(self, connection: Connection) -> None:
        assert len(self.given) >= BEFORE
        for tokens in dict.fromkeys(self.given):
            await self.cluster.app.assert_dead(connection, tokens)


async def _storms(cluster: Cluster) -> list[Storm]:
    connections = await cluster.open_connections(GRANTS * TABS)
    return [
        Storm(
            cluster,
            list(connections[number * TABS : (number + 1) * TABS]),
            await cluster.tokens(connections[number * TABS]),
        )
        for number in range(GRANTS)
    ]


async def test_revoking_a_token_among_concurrent_refreshes_revokes_all_its_successors(
    cluster: Cluster,
) -> None:
    storms = await _storms(cluster)
    revoker = await cluster.connection()

    async def revoke(storm: Storm) -> None:
        await storm.ripe.wait()
        response = await revoker.ask(cluster.app.revocation(storm.newest.refresh))
        assert response.status == 200

    async def revoke_in_turn() -> None:
        for storm in storms:
            await revoke(storm)

    await asyncio.gather(revoke_in_turn(), *(storm.rage() for storm in storms))
    for storm in storms:
        await storm.assert_dead(revoker)


async def test_access_removed_at_the_account_page_in_a_storm_is_gone(cluster: Cluster) -> None:
    await cluster.consent()
    storms = await _storms(cluster)
    async with cluster.browser() as browser:
        await cluster.sign_in(browser)
        fields = form_fields((await browser.get("/account")).text)

        async def remove() -> None:
            for storm in storms:
                await storm.ripe.wait()
            path = f"/account/apps/{cluster.app.client_id}/revoke"
            assert (await browser.post(path, data=fields)).status_code == 303

        await asyncio.gather(remove(), *(storm.rage() for storm in storms))
    connection = await cluster.connection()
    for storm in storms:
        await storm.assert_dead(connection)
