"""Back-Channel Logout §2.7, docs/decisions/0008: what was given for a session ends with it."""

import pytest

from support.app import AppHarness
from support.logout_receiver import confirm, leave


async def _refreshes(
    harness: AppHarness, scope: str, *, format_: str = "opaque"
) -> tuple[int, int]:
    """Sign out of the session in which this was allowed; the statuses of a refresh and a call."""
    await harness.person()
    app, browser = await harness.app(token_format=format_), await harness.signed_in()
    tokens = await harness.tokens(app, browser, scope=scope)
    assert (await harness.call(tokens["access_token"])).status_code == 200
    await confirm(browser, await leave(browser))
    called = (await harness.call(tokens["access_token"])).status_code
    return (await harness.refresh(app, tokens["refresh_token"])).status_code, called


@pytest.mark.parametrize("format_", ["opaque", "jwt"])
async def test_a_sign_in_without_offline_access_ends(harness: AppHarness, format_: str) -> None:
    assert await _refreshes(harness, "openid basic", format_=format_) == (400, 401)


async def test_a_sign_in_with_offline_access_stays(harness: AppHarness) -> None:
    assert await _refreshes(harness, "openid basic offline_access") == (200, 200)


async def test_an_app_of_2016_stays(harness: AppHarness) -> None:
    assert await _refreshes(harness, "basic readmeasurements writemeasurements") == (200, 200)


async def test_a_session_that_only_grew_old_ends_nothing(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    tokens = await harness.tokens(app, browser, scope="openid basic")
    harness.advance(days=20)  # longer than a session lives unused
    assert (await browser.get("/account")).status_code == 303
    assert (await harness.refresh(app, tokens["refresh_token"])).status_code == 200


async def test_a_code_that_was_not_redeemed_yet_ends_too(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    response = await harness.authorize(browser, app, scope="openid")
    await confirm(browser, await leave(browser))
    redeemed = await harness.redeem(app, response.code)
    assert redeemed.json()["error"] == "invalid_grant"


async def test_a_sign_in_in_another_browser_stays(harness: AppHarness) -> None:
    await harness.person()
    app, browser, other = await harness.app(), await harness.signed_in(), await harness.signed_in()
    tokens = await harness.tokens(app, other, scope="openid")
    await confirm(browser, await leave(browser))
    assert (await harness.refresh(app, tokens["refresh_token"])).status_code == 200
