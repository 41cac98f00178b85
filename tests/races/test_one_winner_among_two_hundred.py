"""security.md §2, §6: of 200 requests over 4 processes that spend one credential, one wins.

One round detects a faulty server with a probability of about two thirds, so there are several.
"""

from collections.abc import Sequence

import pytest

from support.cluster import Cluster
from support.oauth_client import Tokens, refused
from support.raw_http import RawResponse, all_at_once

pytestmark = pytest.mark.slow
CONNECTIONS = 200
ROUNDS = 8


async def test_a_code_is_redeemed_once_and_the_replays_revoke_what_it_gave(
    cluster: Cluster,
) -> None:
    connections = await cluster.open_connections(CONNECTIONS)
    for _ in range(ROUNDS):
        responses = await all_at_once(connections, cluster.app.redemption(await cluster.code()))
        winners = _winners(responses)
        assert len(winners) == 1
        # RFC 6749 §4.1.2: the party that replays it may be the legitimate one.
        await cluster.app.assert_dead(connections[0], winners[0])


async def test_within_the_grace_a_refresh_token_has_one_successor(cluster: Cluster) -> None:
    connections = await cluster.open_connections(CONNECTIONS)
    for _ in range(ROUNDS):
        first = await cluster.tokens(connections[0])
        responses = await all_at_once(connections, cluster.app.refreshing(first.refresh))
        given = {Tokens.of(response) for response in responses}
        assert len(given) == 1
        successor = given.pop()
        assert successor.refresh != first.refresh
        for token in (first.access, successor.access, successor.refresh):
            assert await cluster.app.is_active(connections[-1], token)
        assert not await cluster.app.is_active(connections[-1], first.refresh)
        Tokens.of(await connections[-1].ask(cluster.app.refreshing(successor.refresh)))


async def test_rfc8628_polls_of_a_device_get_one_set_of_tokens(cluster: Cluster) -> None:
    connections = await cluster.open_connections(CONNECTIONS)
    for _ in range(ROUNDS // 2):
        code = await cluster.device_code(connections[0])
        responses = await all_at_once(connections, cluster.app.polling(code))
        given = {Tokens.of(response) for response in responses}
        assert len(given) == 1
        tokens = given.pop()
        assert await cluster.app.is_active(connections[-1], tokens.access)
        newer = Tokens.of(await connections[0].ask(cluster.app.refreshing(tokens.refresh)))
        assert await cluster.app.is_active(connections[-1], newer.access)


async def test_without_grace_a_refresh_token_has_one_successor_and_the_replays_end_the_grant(
    graceless_cluster: Cluster,
) -> None:
    app, connections = graceless_cluster.app, await graceless_cluster.open_connections(CONNECTIONS)
    for _ in range(ROUNDS):
        first = await graceless_cluster.tokens(connections[0])
        responses = await all_at_once(connections, app.refreshing(first.refresh))
        given = {Tokens.of(response) for response in responses}
        assert len(given) == 1
        second = given.pop()
        third = Tokens.of(await connections[0].ask(app.refreshing(second.refresh)))
        for response in await all_at_once(connections, app.refreshing(first.refresh)):
            refused(response)
        for tokens in (first, second, third):
            await app.assert_dead(connections[-1], tokens)


async def test_a_replayed_code_ends_no_other_grant(cluster: Cluster) -> None:
    connections = await cluster.open_connections(CONNECTIONS)
    other = await cluster.tokens(connections[0])
    await all_at_once(connections, cluster.app.redemption(await cluster.code()))
    assert await cluster.app.is_active(connections[0], other.access)
    Tokens.of(await connections[0].ask(cluster.app.refreshing(other.refresh)))


def _winners(responses: Sequence[RawResponse]) -> list[Tokens]:
    """What the winners got; all others are refused."""
    for response in responses:
        if response.status != 200:
            refused(response)
    return [Tokens.of(response) for response in responses if response.status == 200]
