"""Contract §6: the client of 2016 has no parameter for the refresh token and sends it as `code`."""

from world import TOKEN, World


async def test_a_code_that_is_a_refresh_token_is_taken_as_one(world: World) -> None:
    await world.person()
    app = await world.app()
    first = await world.tokens(app)
    response = await world.token(app, grant_type="refresh_token", code=first["refresh_token"])
    assert response.status_code == 200
    second = response.json()
    query = {
        "clientId": app.id,
        "client_secret": app.secret or "",
        "grant_type": "refresh_token",
        "code": second["refresh_token"],
    }
    third = await world.browser().get(TOKEN, params=query)
    assert third.status_code == 200
    assert (await world.call(third.json()["access_token"])).status_code == 200


async def test_beside_a_refresh_token_any_code_is_ignored(world: World) -> None:
    await world.person()
    app, browser = await world.app(), await world.signed_in()
    one, two = await world.tokens(app, browser), await world.tokens(app, browser)
    code = (await world.authorize(browser, app)).code
    assert (await world.refresh(app, one["refresh_token"], code="x")).status_code == 200
    both = await world.refresh(app, two["refresh_token"], code=code)
    assert both.status_code == 200
    assert (await world.redeem(app, code)).status_code == 200, "the code was not spent"


async def test_a_code_that_is_no_refresh_token_is_missing_one(world: World) -> None:
    await world.person()
    app, browser = await world.app(), await world.signed_in()
    tokens = await world.tokens(app, browser)
    code = (await world.authorize(browser, app)).code
    for text in (code, tokens["access_token"], "x"):
        refused = await world.token(app, grant_type="refresh_token", code=text)
        assert refused.json()["error"] == "invalid_request"
    assert (await world.redeem(app, code)).status_code == 200


async def test_a_refresh_token_as_code_buys_nothing_by_the_code_grant(world: World) -> None:
    await world.person()
    app = await world.app()
    token = (await world.tokens(app))["refresh_token"]
    refused = await world.redeem(app, token)
    assert refused.json()["error"] == "invalid_grant"
    assert (await world.refresh(app, token)).status_code == 200


async def test_the_rules_of_rotation_hold_for_it(world: World) -> None:
    await world.person()
    app, thief = await world.app(), await world.app()
    token = (await world.tokens(app))["refresh_token"]
    fields = {"grant_type": "refresh_token", "code": token}
    assert (await world.token(thief, **fields)).json()["error"] == "invalid_grant"
    heir = (await world.token(app, **fields)).json()
    world.advance(minutes=1)
    assert (await world.token(app, **fields)).json()["error"] == "invalid_grant"
    assert (await world.call(heir["access_token"])).status_code == 401
