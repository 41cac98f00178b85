"""Back-Channel Logout 1.0 §2.7, docs/decisions/0008: what was given for a session ends with it."""

import pytest

from leaving import confirm, leave
from world import World


async def _refreshes(world: World, scope: str, *, format_: str = "opaque") -> tuple[int, int]:
    """Sign out of the session in which this was allowed; the statuses of a refresh and a call."""
    await world.person()
    app, browser = await world.app(token_format=format_), await world.signed_in()
    tokens = await world.tokens(app, browser, scope=scope)
    assert (await world.call(tokens["access_token"])).status_code == 200
    await confirm(browser, await leave(browser))
    called = (await world.call(tokens["access_token"])).status_code
    return (await world.refresh(app, tokens["refresh_token"])).status_code, called


@pytest.mark.parametrize("format_", ["opaque", "jwt"])
async def test_a_sign_in_without_offline_access_ends(world: World, format_: str) -> None:
    assert await _refreshes(world, "openid basic", format_=format_) == (400, 401)


async def test_a_sign_in_with_offline_access_stays(world: World) -> None:
    assert await _refreshes(world, "openid basic offline_access") == (200, 200)


async def test_an_app_of_2016_stays(world: World) -> None:
    assert await _refreshes(world, "basic readmeasurements writemeasurements") == (200, 200)


async def test_a_session_that_only_grew_old_ends_nothing(world: World) -> None:
    await world.person()
    app, browser = await world.app(), await world.signed_in()
    tokens = await world.tokens(app, browser, scope="openid basic")
    world.advance(days=20)  # longer than a session lives unused
    assert (await browser.get("/account")).status_code == 303
    assert (await world.refresh(app, tokens["refresh_token"])).status_code == 200


async def test_a_code_that_was_not_redeemed_yet_ends_too(world: World) -> None:
    await world.person()
    app, browser = await world.app(), await world.signed_in()
    answer = await world.authorize(browser, app, scope="openid")
    await confirm(browser, await leave(browser))
    redeemed = await world.redeem(app, answer.code)
    assert redeemed.json()["error"] == "invalid_grant"


async def test_a_sign_in_in_another_browser_stays(world: World) -> None:
    await world.person()
    app, browser, other = await world.app(), await world.signed_in(), await world.signed_in()
    tokens = await world.tokens(app, other, scope="openid")
    await confirm(browser, await leave(browser))
    assert (await world.refresh(app, tokens["refresh_token"])).status_code == 200
