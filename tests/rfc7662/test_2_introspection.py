"""Token introspection (RFC 7662 §2), through the wire."""

from typing import Any

import pytest

from world import INTROSPECT, ISSUER, World

INACTIVE = {"active": False}


async def test_a_client_learns_of_its_own_access_token(world: World) -> None:
    ann = await world.person()
    app = await world.app()
    tokens = await world.tokens(app, scope="basic readmeasurements")
    now = int(world.house.clock.now().timestamp())
    assert await world.introspect(app, tokens["access_token"]) == {
        "active": True,
        "scope": "basic readmeasurements",
        "client_id": app.id,
        "token_type": "Bearer",
        "iat": now,
        "exp": now + 3600,
        "sub": ann.subject,
        "aud": f"{ISSUER}/api",
        "iss": ISSUER,
    }


async def test_a_client_learns_of_its_own_refresh_token(world: World) -> None:
    ann = await world.person()
    app = await world.app()
    told = await world.introspect(app, (await world.tokens(app))["refresh_token"])
    assert told["active"] is True
    assert told["sub"] == ann.subject
    assert told["client_id"] == app.id
    assert told["scope"] == "basic"
    assert "token_type" not in told, "it is no access token: no resource may take it for one"


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_a_foreign_client_learns_nothing_and_a_resource_server_learns_all(
    world: World, token_format: str
) -> None:
    await world.person()
    app = await world.app(token_format=token_format)
    foreign, server = await world.app(), await world.app(resource_server=True)
    tokens = await world.tokens(app)
    assert await world.introspect(foreign, tokens["access_token"]) == INACTIVE
    assert await world.introspect(foreign, tokens["refresh_token"]) == INACTIVE
    own = await world.introspect(app, tokens["access_token"])
    assert own["active"] is True
    assert await world.introspect(server, tokens["access_token"]) == own
    # A refresh token is for no resource, so it is no resource server's business.
    assert await world.introspect(server, tokens["refresh_token"]) == INACTIVE


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_every_dead_token_is_inactive_and_that_is_all(
    world: World, token_format: str
) -> None:
    ann = await world.person()
    app = await world.app(token_format=token_format)
    browser = await world.signed_in()

    async def fresh() -> Any:
        tokens = await world.tokens(app, browser)
        assert (await world.introspect(app, tokens["access_token"]))["active"] is True
        assert (await world.introspect(app, tokens["refresh_token"]))["active"] is True
        return tokens

    async def check_dead(tokens: Any) -> None:
        assert await world.introspect(app, tokens["access_token"]) == INACTIVE
        assert await world.introspect(app, tokens["refresh_token"]) == INACTIVE

    tokens = await fresh()
    await world.revoke(app, tokens["access_token"])
    await world.revoke(app, tokens["refresh_token"])
    await check_dead(tokens)
    tokens = await fresh()
    await world.house.stores.withdraw_consent(ann.id, app.id, world.house.clock.now())
    await check_dead(tokens)
    tokens = await fresh()
    await world.house.accounts.disable(ann.id)
    await check_dead(tokens)
    await world.house.accounts.enable(ann.id)
    browser = await world.signed_in()
    tokens = await fresh()
    world.advance(days=31)
    await check_dead(tokens)
    browser = await world.signed_in()
    tokens = await fresh()
    await world.house.stores.delete_user(ann.id)
    await check_dead(tokens)


async def test_a_spent_refresh_token_is_inactive(world: World) -> None:
    await world.person()
    app = await world.app()
    token = (await world.tokens(app))["refresh_token"]
    await world.refresh(app, token)
    assert await world.introspect(app, token) == INACTIVE


async def test_asking_spends_nothing(world: World) -> None:
    await world.person()
    app = await world.app()
    token = (await world.tokens(app))["refresh_token"]
    before = world.rows()
    for _ in range(3):
        assert (await world.introspect(app, token))["active"] is True
    assert world.rows() == before


async def test_what_is_no_token_is_inactive(world: World) -> None:
    await world.person()
    app = await world.app(resource_server=True)
    tokens = await world.tokens(app, scope="openid")
    code = (await world.authorize(await world.signed_in(), app)).code
    for text in ("nonsense", "qma_", "qma_" + "A" * 48, "a.b.c", code, tokens["id_token"], "é"):
        assert await world.introspect(app, text) == INACTIVE, text[:9]


async def test_a_public_client_cannot_ask(world: World) -> None:
    await world.person()
    app = await world.app(public=True)
    token = (await world.tokens(app))["access_token"]
    response = await world.post(INTROSPECT, app, {"token": token, "client_id": app.id})
    assert response.status_code == 401
    assert response.json()["error"] == "invalid_client"


async def test_nobody_asks_without_saying_who_they_are(world: World) -> None:
    await world.person()
    token = (await world.tokens(await world.app()))["access_token"]
    browser = world.browser()
    bearer = {"authorization": f"Bearer {token}"}
    for response in (
        await browser.post(INTROSPECT, data={"token": token}),
        await browser.post(INTROSPECT, data={"token": token}, headers=bearer),
    ):
        assert response.status_code == 401


async def test_the_token_must_be_there(world: World) -> None:
    response = await world.post(INTROSPECT, await world.app(), {"token": ""})
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_request"


async def test_the_answer_is_not_cached_and_no_script_of_another_site_reads_it(
    world: World,
) -> None:
    app = await world.app()
    auth = app.auth
    assert auth is not None
    response = await world.browser().post(
        INTROSPECT, data={"token": "x"}, auth=auth, headers={"origin": "https://evil.example"}
    )
    assert response.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in response.headers
