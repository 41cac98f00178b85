"""security.md §2, §6: of 200 requests over 4 processes that spend one thing, one wins.

A server that gets it wrong is caught in two of three rounds; so there are several.
"""

from collections.abc import Sequence

import pytest

from support.cluster import Cluster
from support.oauth_client import Tokens, refused
from support.raw_http import Answer, all_at_once

pytestmark = pytest.mark.slow
CROWD = 200
ROUNDS = 8


async def test_a_code_is_redeemed_once_and_the_replays_revoke_what_it_gave(
    cluster: Cluster,
) -> None:
    crowd = await cluster.crowd(CROWD)
    for _ in range(ROUNDS):
        answers = await all_at_once(crowd, cluster.app.redemption(await cluster.code()))
        winners = _winners(answers)
        assert len(winners) == 1
        # RFC 6749 §4.1.2: whoever replayed it may be the one who should not have had it.
        await cluster.app.assert_dead(crowd[0], winners[0])


async def test_within_the_grace_a_refresh_token_has_one_successor(cluster: Cluster) -> None:
    crowd = await cluster.crowd(CROWD)
    for _ in range(ROUNDS):
        first = await cluster.tokens(crowd[0])
        answers = await all_at_once(crowd, cluster.app.refreshing(first.refresh))
        given = {Tokens.of(answer) for answer in answers}
        assert len(given) == 1
        successor = given.pop()
        assert successor.refresh != first.refresh
        for token in (first.access, successor.access, successor.refresh):
            assert await cluster.app.is_active(crowd[-1], token)
        assert not await cluster.app.is_active(crowd[-1], first.refresh)
        Tokens.of(await crowd[-1].ask(cluster.app.refreshing(successor.refresh)))


async def test_without_grace_a_refresh_token_works_once_and_the_replays_end_the_family(
    graceless_stage: Cluster,
) -> None:
    crowd = await graceless_stage.crowd(CROWD)
    for _ in range(ROUNDS):
        first = await graceless_stage.tokens(crowd[0])
        answers = await all_at_once(crowd, graceless_stage.app.refreshing(first.refresh))
        winners = _winners(answers)
        assert len(winners) <= 1
        for tokens in (first, *winners):
            await graceless_stage.app.assert_dead(crowd[-1], tokens)


async def test_one_authorization_that_ends_so_leaves_all_others_alone(cluster: Cluster) -> None:
    crowd = await cluster.crowd(CROWD)
    neighbour = await cluster.tokens(crowd[0])
    await all_at_once(crowd, cluster.app.redemption(await cluster.code()))
    assert await cluster.app.is_active(crowd[0], neighbour.access)
    Tokens.of(await crowd[0].ask(cluster.app.refreshing(neighbour.refresh)))


def _winners(answers: Sequence[Answer]) -> list[Tokens]:
    """What the winners got; all others are refused."""
    for answer in answers:
        if answer.status != 200:
            refused(answer)
    return [Tokens.of(answer) for answer in answers if answer.status == 200]
