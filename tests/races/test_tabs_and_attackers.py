"""v2-api.md §6: neither two tabs nor a lost response ends a grant; a replay does."""

from datetime import timedelta

import pytest

from quantimodo.app.composition.authorization import successor_derivation
from quantimodo.crypto.tokens import Kind, key_of
from quantimodo.model.tokens import RefreshToken
from support.cluster import Cluster
from support.oauth_client import Tokens, refused
from support.raw_http import all_at_once

pytestmark = pytest.mark.slow
TABS = 10
ROUNDS = 12


async def test_ten_tabs_that_refresh_at_once_stay_signed_in(cluster: Cluster) -> None:
    tabs = await cluster.open_connections(TABS)
    held = await cluster.tokens(tabs[0])
    for _ in range(ROUNDS):
        responses = await all_at_once(tabs, cluster.app.refreshing(held.refresh))
        given = {Tokens.of(response) for response in responses}
        assert len(given) == 1
        held = given.pop()
        for tab in tabs:
            assert await cluster.app.is_active(tab, held.access)


async def test_late_repeats_of_a_lost_refresh_all_get_the_unused_successor(
    cluster: Cluster,
) -> None:
    tabs = await cluster.open_connections(TABS)
    for _ in range(ROUNDS):
        lost = await cluster.tokens(tabs[0])
        successor = await _spent_a_minute_ago(cluster, lost.refresh)
        responses = await all_at_once(tabs, cluster.app.refreshing(lost.refresh))
        assert {Tokens.of(response).refresh for response in responses} == {successor}
        held = Tokens.of(await tabs[0].ask(cluster.app.refreshing(successor)))
        assert await cluster.app.is_active(tabs[-1], held.access)


async def test_late_repeats_beside_the_use_of_the_successor_end_all_or_nothing(
    cluster: Cluster,
) -> None:
    """A repeat that comes before the use succeeds; one that comes after it ends the grant."""
    tabs = await cluster.open_connections(2 * TABS)
    for _ in range(ROUNDS):
        lost = await cluster.tokens(tabs[0])
        successor = await _spent_a_minute_ago(cluster, lost.refresh)
        for number, connection in enumerate(tabs):
            connection.send(cluster.app.refreshing(lost.refresh if number % 2 else successor))
        responses = [await connection.receive() for connection in tabs]
        given = [Tokens.of(response) for response in responses if response.status == 200]
        for response in responses:
            if response.status != 200:
                refused(response)
        repeats = [response for response in responses[1::2] if response.status == 200]
        assert {Tokens.of(response).refresh for response in repeats} <= {successor}
        uses = [response for response in responses[::2] if response.status == 200]
        assert len({Tokens.of(response).refresh for response in uses}) <= 1
        if len(given) < len(responses):
            for tokens in given:
                await cluster.app.assert_dead(tabs[0], tokens)


async def test_an_attacker_after_the_use_of_the_successor_ends_the_grant(cluster: Cluster) -> None:
    connections = await cluster.open_connections(TABS)
    stolen = await cluster.tokens(connections[0])
    held = await _used_a_minute_ago(cluster, stolen.refresh)
    assert await cluster.app.is_active(connections[0], held)
    for response in await all_at_once(connections, cluster.app.refreshing(stolen.refresh)):
        refused(response)
    for tab in connections:
        refused(await tab.ask(cluster.app.refreshing(held)))
        await cluster.app.assert_dead(tab, stolen)


async def test_attacker_and_owner_at_the_same_instant_leave_no_valid_token(
    cluster: Cluster,
) -> None:
    """The owner refreshes with the current token while the attacker presents the spent token."""
    connections = await cluster.open_connections(2 * TABS)
    stolen = await cluster.tokens(connections[0])
    held = await _used_a_minute_ago(cluster, stolen.refresh)
    for number, connection in enumerate(connections):
        connection.send(cluster.app.refreshing(stolen.refresh if number % 2 else held))
    responses = [await connection.receive() for connection in connections]
    for attacker in responses[1::2]:
        refused(attacker)
    for owner in responses[::2]:
        if owner.status == 200:
            await cluster.app.assert_dead(connections[0], Tokens.of(owner))
        else:
            refused(owner)


async def _used_a_minute_ago(cluster: Cluster, raw: str) -> str:
    """Spend this refresh token and then its successor, as the owner would have; the token that
    the owner has now."""
    return await _spent_a_minute_ago(cluster, await _spent_a_minute_ago(cluster, raw))


async def _spent_a_minute_ago(cluster: Cluster, raw: str) -> str:
    """Spend this refresh token as the server would have a minute ago; its successor."""
    context, key = cluster.context, key_of(Kind.REFRESH, raw)
    assert key is not None
    found = await context.stores.tokens.refresh_token(key)
    assert found is not None
    then, nonce = context.clock.now() - timedelta(minutes=1), context.entropy.bytes(16)
    _, minted = successor_derivation(context).derive(raw, nonce, then)
    successor = RefreshToken(
        key=minted.key,
        grant_id=found.grant.id,
        issued_at=then,
        expires_at=found.token.expires_at,
    )
    assert await context.stores.tokens.rotate(found.token, then, nonce, None, successor)
    return minted.raw.reveal()
