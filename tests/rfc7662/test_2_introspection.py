"""Token introspection (RFC 7662 §2), over HTTP."""

from typing import Any

import pytest

from support.app import INTROSPECT, ISSUER, AppHarness, OpenHarness

INACTIVE = {"active": False}
DAY = 86_400


async def test_a_client_introspects_an_access_token_that_it_was_issued(harness: AppHarness) -> None:
    ann = await harness.person()
    app = await harness.app()
    tokens = await harness.tokens(app, scope="basic readmeasurements")
    now = int(harness.context.clock.now().timestamp())
    assert await harness.introspect(app, tokens["access_token"]) == {
        "active": True,
        "scope": "basic readmeasurements",
        "client_id": app.id,
        "token_type": "Bearer",
        "iat": now,
        "exp": now + 3600,
        "sub": ann.subject,
        "aud": f"{ISSUER}/api",
        "iss": ISSUER,
        "auth_time": now,
        "acr": "2",
    }


async def test_a_client_introspects_a_refresh_token_that_it_was_issued(harness: AppHarness) -> None:
    ann = await harness.person()
    app = await harness.app()
    introspected = await harness.introspect(app, (await harness.tokens(app))["refresh_token"])
    assert introspected["active"] is True
    assert introspected["sub"] == ann.subject
    assert introspected["client_id"] == app.id
    assert introspected["scope"] == "basic"
    assert "token_type" not in introspected, "it is no access token: no resource may accept it"


async def test_how_long_a_refresh_token_and_its_authorization_last(
    open_harness: OpenHarness,
) -> None:
    lifetimes = {"tokens__refresh_idle_lifetime": "10d", "tokens__refresh_absolute_lifetime": "15d"}
    async with open_harness(**lifetimes) as harness:
        await harness.person()
        app = await harness.app()
        tokens = await harness.tokens(app)

        async def left() -> tuple[int, int]:
            described = await harness.introspect(app, tokens["refresh_token"])
            return described["refresh_token_timeout"], described["authorization_expires_in"]

        # Refresh Token Expiration §7: the same values as in the token response, also later.
        assert await left() == (10 * DAY, 15 * DAY)
        harness.advance(days=9)
        assert await left() == (DAY, 6 * DAY), "asking extends nothing"
        access = await harness.introspect(app, tokens["access_token"])
        assert not {"refresh_token_timeout", "authorization_expires_in"} & set(access)
        tokens = (await harness.refresh(app, tokens["refresh_token"])).json()
        assert await left() == (6 * DAY, 6 * DAY), "no token outlives its authorization"


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_a_foreign_client_learns_nothing_and_a_resource_server_learns_all(
    harness: AppHarness, token_format: str
) -> None:
    await harness.person()
    app = await harness.app(token_format=token_format)
    foreign, server = await harness.app(), await harness.app(resource_server=True)
    tokens = await harness.tokens(app)
    assert await harness.introspect(foreign, tokens["access_token"]) == INACTIVE
    assert await harness.introspect(foreign, tokens["refresh_token"]) == INACTIVE
    own = await harness.introspect(app, tokens["access_token"])
    assert own["active"] is True
    assert await harness.introspect(server, tokens["access_token"]) == own
    # A refresh token is for no resource, so it is no resource server's business.
    assert await harness.introspect(server, tokens["refresh_token"]) == INACTIVE


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_an_invalid_token_gets_nothing_but_inactive(
    harness: AppHarness, token_format: str
) -> None:
    ann = await harness.person()
    app = await harness.app(token_format=token_format)
    browser = await harness.signed_in()

    async def fresh() -> Any:
        tokens = await harness.tokens(app, browser)
        assert (await harness.introspect(app, tokens["access_token"]))["active"] is True
        assert (await harness.introspect(app, tokens["refresh_token"]))["active"] is True
        return tokens

    async def check_dead(tokens: Any) -> None:
        assert await harness.introspect(app, tokens["access_token"]) == INACTIVE
        assert await harness.introspect(app, tokens["refresh_token"]) == INACTIVE

    tokens = await fresh()
    await harness.revoke(app, tokens["access_token"])
    await harness.revoke(app, tokens["refresh_token"])
    await check_dead(tokens)
    tokens = await fresh()
    await harness.context.stores.authorizations.withdraw_consent(
        ann.id, app.id, harness.context.clock.now()
    )
    await check_dead(tokens)
    tokens = await fresh()
    await harness.context.accounts.administration.disable(ann.id)
    await check_dead(tokens)
    await harness.context.accounts.administration.enable(ann.id)
    browser = await harness.signed_in()
    tokens = await fresh()
    harness.advance(days=31)
    await check_dead(tokens)
    browser = await harness.signed_in()
    tokens = await fresh()
    await harness.context.stores.users.delete_user(ann.id, harness.context.clock.now())
    await check_dead(tokens)


async def test_a_spent_refresh_token_is_inactive(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    token = (await harness.tokens(app))["refresh_token"]
    await harness.refresh(app, token)
    assert await harness.introspect(app, token) == INACTIVE


async def test_asking_spends_nothing(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    token = (await harness.tokens(app))["refresh_token"]
    before = harness.rows()
    for _ in range(3):
        assert (await harness.introspect(app, token))["active"] is True
    assert harness.rows() == before


async def test_a_malformed_token_is_inactive(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(resource_server=True)
    tokens = await harness.tokens(app, scope="openid")
    code = (await harness.authorize(await harness.signed_in(), app)).code
    for text in ("nonsense", "qma_", "qma_" + "A" * 48, "a.b.c", code, tokens["id_token"], "é"):
        assert await harness.introspect(app, text) == INACTIVE, text[:9]


async def test_a_public_client_cannot_ask(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(public=True)
    token = (await harness.tokens(app))["access_token"]
    response = await harness.post(INTROSPECT, app, {"token": token, "client_id": app.id})
    assert response.status_code == 401
    assert response.json()["error"] == "invalid_client"


async def test_introspection_requires_client_authentication(harness: AppHarness) -> None:
    await harness.person()
    token = (await harness.tokens(await harness.app()))["access_token"]
    browser = harness.browser()
    bearer = {"authorization": f"Bearer {token}"}
    for response in (
        await browser.post(INTROSPECT, data={"token": token}),
        await browser.post(INTROSPECT, data={"token": token}, headers=bearer),
    ):
        assert response.status_code == 401


async def test_the_token_must_be_there(harness: AppHarness) -> None:
    response = await harness.post(INTROSPECT, await harness.app(), {"token": ""})
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_request"


async def test_the_response_is_not_cached_and_no_script_of_another_site_reads_it(
    harness: AppHarness,
) -> None:
    app = await harness.app()
    auth = app.auth
    assert auth is not None
    response = await harness.browser().post(
        INTROSPECT, data={"token": "x"}, auth=auth, headers={"origin": "https://evil.example"}
    )
    assert response.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in response.headers
