"""v2-api.md §6: the client of 2016 has no parameter for the refresh token and sends it as
`code`."""

from support.app import TOKEN, AppHarness


async def test_a_code_that_is_a_refresh_token_is_taken_as_one(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    first = await harness.tokens(app)
    response = await harness.token(app, grant_type="refresh_token", code=first["refresh_token"])
    assert response.status_code == 200
    second = response.json()
    query = {
        "clientId": app.id,
        "client_secret": app.secret or "",
        "grant_type": "refresh_token",
        "code": second["refresh_token"],
    }
    third = await harness.browser().get(TOKEN, params=query)
    assert third.status_code == 200
    assert (await harness.call(third.json()["access_token"])).status_code == 200


async def test_beside_a_refresh_token_any_code_is_ignored(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    one, two = await harness.tokens(app, browser), await harness.tokens(app, browser)
    code = (await harness.authorize(browser, app)).code
    assert (await harness.refresh(app, one["refresh_token"], code="x")).status_code == 200
    both = await harness.refresh(app, two["refresh_token"], code=code)
    assert both.status_code == 200
    assert (await harness.redeem(app, code)).status_code == 200, "the code was not spent"


async def test_a_code_that_is_not_a_refresh_token_is_missing_one(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    tokens = await harness.tokens(app, browser)
    code = (await harness.authorize(browser, app)).code
    for text in (code, tokens["access_token"], "x"):
        refused = await harness.token(app, grant_type="refresh_token", code=text)
        assert refused.json()["error"] == "invalid_request"
    assert (await harness.redeem(app, code)).status_code == 200


async def test_a_refresh_token_as_code_gets_nothing_by_the_code_grant(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    token = (await harness.tokens(app))["refresh_token"]
    refused = await harness.redeem(app, token)
    assert refused.json()["error"] == "invalid_grant"
    assert (await harness.refresh(app, token)).status_code == 200


async def test_the_rules_of_rotation_hold_for_it(harness: AppHarness) -> None:
    await harness.person()
    app, attacker = await harness.app(), await harness.app()
    token = (await harness.tokens(app))["refresh_token"]
    fields = {"grant_type": "refresh_token", "code": token}
    assert (await harness.token(attacker, **fields)).json()["error"] == "invalid_grant"
    successor = (await harness.token(app, **fields)).json()
    harness.advance(minutes=1)
    late = (await harness.token(app, **fields)).json()
    assert late["refresh_token"] == successor["refresh_token"], "it was never used"
    assert (await harness.refresh(app, successor["refresh_token"])).status_code == 200
    harness.advance(minutes=1)
    assert (await harness.token(app, **fields)).json()["error"] == "invalid_grant"
    assert (await harness.call(successor["access_token"])).status_code == 401
