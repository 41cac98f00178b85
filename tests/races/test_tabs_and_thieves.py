"""Contract §6, the grace: two tabs or a lost answer sign nobody out; a thief does."""

from datetime import timedelta

import pytest

from caller import Tokens, refused
from connections import all_at_once
from quantimodo.crypto.tokens import Kind, key_of, mint
from quantimodo.model.tokens import RefreshToken
from stage import Stage

pytestmark = pytest.mark.slow
TABS = 10
ROUNDS = 12


async def test_ten_tabs_that_refresh_at_once_stay_signed_in_for_good(stage: Stage) -> None:
    tabs = await stage.crowd(TABS)
    held = await stage.tokens(tabs[0])
    for _ in range(ROUNDS):
        answers = await all_at_once(tabs, stage.app.refreshing(held.refresh))
        given = {Tokens.of(answer) for answer in answers}
        assert len(given) == 1
        held = given.pop()
        for tab in tabs:
            assert await stage.app.is_active(tab, held.access)


async def test_a_thief_who_comes_after_the_grace_ends_the_family(stage: Stage) -> None:
    crowd = await stage.crowd(TABS)
    stolen = await stage.tokens(crowd[0])
    heir = await _spent_long_ago(stage, stolen.refresh)
    assert await stage.app.is_active(crowd[0], heir)
    for answer in await all_at_once(crowd, stage.app.refreshing(stolen.refresh)):
        refused(answer)
    for tab in crowd:
        refused(await tab.ask(stage.app.refreshing(heir)))
        await stage.app.assert_dead(tab, stolen)


async def test_thief_and_owner_at_the_same_instant_leave_nothing_alive(stage: Stage) -> None:
    """The owner refreshes with the heir while the thief tries the spent token."""
    crowd = await stage.crowd(2 * TABS)
    stolen = await stage.tokens(crowd[0])
    heir = await _spent_long_ago(stage, stolen.refresh)
    for number, connection in enumerate(crowd):
        connection.send(stage.app.refreshing(stolen.refresh if number % 2 else heir))
    answers = [await connection.receive() for connection in crowd]
    for thief in answers[1::2]:
        refused(thief)
    for owner in answers[::2]:
        if owner.status == 200:
            await stage.app.assert_dead(crowd[0], Tokens.of(owner))
        else:
            refused(owner)


async def _spent_long_ago(stage: Stage, raw: str) -> str:
    """Spend this refresh token as its owner would have, a minute ago; the heir."""
    stores, entropy = stage.house.stores, stage.house.entropy
    key = key_of(Kind.REFRESH, raw)
    assert key is not None
    found = await stores.find_refresh_token(key)
    assert found is not None
    then = stage.house.clock.now() - timedelta(minutes=1)
    minted = mint(Kind.REFRESH, then, entropy)
    heir = RefreshToken(
        key=minted.key,
        family_id=found.family.id,
        issued_at=then,
        expires_at=found.token.expires_at,
    )
    assert await stores.rotate(found.token, then, entropy.bytes(16), None, heir)
    return minted.raw.reveal()
