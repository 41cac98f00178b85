"""v2-api.md §6, the grace: two tabs or a lost answer sign nobody out; a thief does."""

from datetime import timedelta

import pytest

from quantimodo.crypto.tokens import Kind, key_of, mint
from quantimodo.model.tokens import RefreshToken
from support.cluster import Cluster
from support.oauth_client import Tokens, refused
from support.raw_http import all_at_once

pytestmark = pytest.mark.slow
TABS = 10
ROUNDS = 12


async def test_ten_tabs_that_refresh_at_once_stay_signed_in_for_good(cluster: Cluster) -> None:
    tabs = await cluster.crowd(TABS)
    held = await cluster.tokens(tabs[0])
    for _ in range(ROUNDS):
        answers = await all_at_once(tabs, cluster.app.refreshing(held.refresh))
        given = {Tokens.of(answer) for answer in answers}
        assert len(given) == 1
        held = given.pop()
        for tab in tabs:
            assert await cluster.app.is_active(tab, held.access)


async def test_a_thief_who_comes_after_the_grace_ends_the_family(cluster: Cluster) -> None:
    crowd = await cluster.crowd(TABS)
    stolen = await cluster.tokens(crowd[0])
    successor = await _spent_long_ago(cluster, stolen.refresh)
    assert await cluster.app.is_active(crowd[0], successor)
    for answer in await all_at_once(crowd, cluster.app.refreshing(stolen.refresh)):
        refused(answer)
    for tab in crowd:
        refused(await tab.ask(cluster.app.refreshing(successor)))
        await cluster.app.assert_dead(tab, stolen)


async def test_thief_and_owner_at_the_same_instant_leave_nothing_alive(cluster: Cluster) -> None:
    """The owner refreshes with the heir while the thief tries the spent token."""
    crowd = await cluster.crowd(2 * TABS)
    stolen = await cluster.tokens(crowd[0])
    successor = await _spent_long_ago(cluster, stolen.refresh)
    for number, connection in enumerate(crowd):
        connection.send(cluster.app.refreshing(stolen.refresh if number % 2 else successor))
    answers = [await connection.receive() for connection in crowd]
    for thief in answers[1::2]:
        refused(thief)
    for owner in answers[::2]:
        if owner.status == 200:
            await cluster.app.assert_dead(crowd[0], Tokens.of(owner))
        else:
            refused(owner)


async def _spent_long_ago(cluster: Cluster, raw: str) -> str:
    """Spend this refresh token as its owner would have, a minute ago; the heir."""
    stores, entropy = cluster.context.stores, cluster.context.entropy
    key = key_of(Kind.REFRESH, raw)
    assert key is not None
    found = await stores.find_refresh_token(key)
    assert found is not None
    then = cluster.context.clock.now() - timedelta(minutes=1)
    minted = mint(Kind.REFRESH, then, entropy)
    successor = RefreshToken(
        key=minted.key,
        grant_id=found.grant.id,
        issued_at=then,
        expires_at=found.token.expires_at,
    )
    assert await stores.rotate(found.token, then, entropy.bytes(16), None, successor)
    return minted.raw.reveal()
