"""Token revocation (RFC 7009 §2), through the wire."""

import httpx

from world import REVOKE, World


async def test_a_revoked_access_token_is_dead_at_once_and_takes_nothing_along(
    world: World,
) -> None:
    await world.person()
    app = await world.app()
    tokens = await world.tokens(app)
    response = await world.revoke(app, tokens["access_token"])
    assert response.status_code == 200
    assert response.json() == {}, "clients parse it as JSON"
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert (await world.call(tokens["access_token"])).status_code == 401
    assert (await world.refresh(app, tokens["refresh_token"])).status_code == 200


async def test_a_revoked_refresh_token_takes_its_whole_authorization_along(world: World) -> None:
    await world.person()
    app, browser = await world.app(), await world.signed_in()
    first, other = await world.tokens(app, browser), await world.tokens(app, browser)
    second = (await world.refresh(app, first["refresh_token"])).json()
    assert (await world.revoke(app, second["refresh_token"])).status_code == 200
    for dead in (first, second):
        assert (await world.call(dead["access_token"])).status_code == 401
        refused = await world.refresh(app, dead["refresh_token"])
        assert refused.json()["error"] == "invalid_grant"
    assert (await world.call(other["access_token"])).status_code == 200


async def test_a_spent_refresh_token_revokes_too(world: World) -> None:
    await world.person()
    app = await world.app()
    first = await world.tokens(app)
    second = (await world.refresh(app, first["refresh_token"])).json()
    assert (await world.revoke(app, first["refresh_token"])).status_code == 200
    assert (await world.call(second["access_token"])).status_code == 401


async def test_revoking_twice_or_what_never_lived_is_a_success(world: World) -> None:
    await world.person()
    app = await world.app()
    tokens = await world.tokens(app)
    for _ in range(2):
        for token in (tokens["access_token"], tokens["refresh_token"]):
            assert (await world.revoke(app, token)).status_code == 200
    for token in ("nonsense", "qma_", "qmr_", "qma_" + "A" * 48, "a.b.c", "x" * 8000, "é"):
        assert (await world.revoke(app, token)).status_code == 200, token[:9]


async def test_an_expired_token_is_revoked_already(world: World) -> None:
    await world.person()
    app = await world.app()
    tokens = await world.tokens(app)
    world.advance(days=400)
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert (await world.revoke(app, token)).status_code == 200


async def test_a_token_of_another_client_stays(world: World) -> None:
    await world.person()
    app, thief = await world.app(), await world.app()
    tokens = await world.tokens(app)
    for token in (tokens["access_token"], tokens["refresh_token"]):
        refused = await world.revoke(thief, token)
        assert refused.status_code == 400
        assert refused.json()["error"] == "unauthorized_client"
    assert (await world.call(tokens["access_token"])).status_code == 200
    assert (await world.refresh(app, tokens["refresh_token"])).status_code == 200


async def test_the_hint_may_be_wrong_or_unknown(world: World) -> None:
    # RFC 7009 §2.1: a server that does not need the hint may ignore it.
    await world.person()
    app, browser = await world.app(), await world.signed_in()
    for hint in ("refresh_token", "access_token", "nonsense"):
        token = (await world.tokens(app, browser))["access_token"]
        fields = {"token": token, "token_type_hint": hint}
        assert (await world.post(REVOKE, app, fields)).status_code == 200
        assert (await world.call(token)).status_code == 401


async def test_a_public_client_revokes_its_own(world: World) -> None:
    await world.person()
    app, other = await world.app(public=True), await world.app(public=True)
    tokens = await world.tokens(app)
    assert (await world.revoke(other, tokens["refresh_token"])).status_code == 400
    assert (await world.revoke(app, tokens["refresh_token"])).status_code == 200
    assert (await world.call(tokens["access_token"])).status_code == 401


async def test_nobody_revokes_without_saying_who_they_are(world: World) -> None:
    await world.person()
    app = await world.app()
    token = (await world.tokens(app))["access_token"]
    wrong = httpx.BasicAuth(app.id, "qms_wrong")
    browser = world.browser()
    for response in (
        await browser.post(REVOKE, data={"token": token}),
        await browser.post(REVOKE, data={"token": token, "client_id": app.id}),
        await browser.post(REVOKE, data={"token": token}, auth=wrong),
    ):
        assert response.status_code == 401
        assert response.json()["error"] == "invalid_client"
    assert (await world.call(token)).status_code == 200


async def test_the_token_must_be_there(world: World) -> None:
    app = await world.app()
    for data in ({"x": "y"}, {"token": ""}):
        response = await world.post(REVOKE, app, data)
        assert response.status_code == 400
        assert response.json()["error"] == "invalid_request"


async def test_both_spellings_of_the_address_revoke(world: World) -> None:
    await world.person()
    app = await world.app()
    token = (await world.tokens(app))["access_token"]
    assert (await world.post("/api/v2/oauth/revoke", app, {"token": token})).status_code == 200
    assert (await world.call(token)).status_code == 401
