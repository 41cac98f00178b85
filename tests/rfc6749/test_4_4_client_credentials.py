"""Client credentials grant (RFC 6749 §4.4), over HTTP."""

from support.app import ME, USERINFO, AppHarness


async def test_an_app_gets_an_application_token_without_a_refresh_token(
    harness: AppHarness,
) -> None:
    app = await harness.app(scope=frozenset({"basic", "readmeasurements", "openid", "email"}))
    response = await harness.token(app, grant_type="client_credentials")
    tokens = response.json()
    assert response.status_code == 200
    assert tokens.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert tokens["access_token"].startswith("qma_")
    assert tokens["scope"] == "basic readmeasurements", "an application token has no OpenID scopes"
    introspected = await harness.introspect(app, tokens["access_token"])
    assert introspected["active"] is True
    assert introspected["sub"] == introspected["client_id"] == app.id


async def test_the_scope_may_narrow_and_never_widens(harness: AppHarness) -> None:
    app = await harness.app(scope=frozenset({"basic", "readmeasurements"}))
    narrow = await harness.token(app, grant_type="client_credentials", scope="basic")
    assert narrow.json()["scope"] == "basic"
    wide = await harness.token(
        app, grant_type="client_credentials", scope="basic writemeasurements"
    )
    assert wide.json()["scope"] == "basic", "what it may not have is left out"
    for scope in ("writemeasurements", "openid", "nonsense"):
        refused = await harness.token(app, grant_type="client_credentials", scope=scope)
        assert refused.status_code == 400
        assert refused.json()["error"] == "invalid_scope"


async def test_a_public_client_cannot_use_it(harness: AppHarness) -> None:
    app = await harness.app(public=True)
    refused = await harness.token(app, grant_type="client_credentials")
    assert refused.json()["error"] == "unauthorized_client"


async def test_an_app_that_is_not_registered_for_it_cannot_use_it(harness: AppHarness) -> None:
    app = await harness.app(grant_types=frozenset({"authorization_code"}))
    refused = await harness.token(app, grant_type="client_credentials")
    assert refused.status_code == 400
    assert refused.json()["error"] == "unauthorized_client"


async def test_an_apps_own_token_opens_no_persons_data(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    token = (await harness.token(app, grant_type="client_credentials")).json()["access_token"]
    for path in (ME, USERINFO):
        refused = await harness.call(token, path)
        assert refused.status_code == 403
        assert refused.json()["error"] == "insufficient_scope"


async def test_it_expires_and_ends_with_its_app(harness: AppHarness) -> None:
    app, watcher = await harness.app(), await harness.app(resource_server=True)
    response = (await harness.token(app, grant_type="client_credentials")).json()
    assert (await harness.introspect(watcher, response["access_token"]))["active"] is True
    harness.advance(seconds=response["expires_in"])
    assert await harness.introspect(watcher, response["access_token"]) == {"active": False}
    fresh = (await harness.token(app, grant_type="client_credentials")).json()["access_token"]
    await harness.context.registry.delete(app.client)
    assert await harness.introspect(watcher, fresh) == {"active": False}
