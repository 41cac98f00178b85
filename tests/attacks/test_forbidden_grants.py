"""security.md §5: no password grant, ever, and none that is not offered; and no way around it."""

from support.app import PASSWORD, TOKEN, AppHarness


async def test_a_password_gets_no_token(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(first_party=True)
    person = {"username": "ann@example.org", "password": PASSWORD, "scope": "basic"}
    refused = await harness.token(app, grant_type="password", **person)
    assert refused.status_code == 400
    assert refused.json()["error"] == "unsupported_grant_type"
    for grant in ("client_credentials", "authorization_code", "refresh_token"):
        response = await harness.token(app, grant_type=grant, **person)
        assert "refresh_token" not in response.json()
        if response.status_code == 200:
            introspected = await harness.introspect(app, response.json()["access_token"])
            assert introspected["sub"] == app.id, "it is the app's own"


async def test_grants_that_are_not_offered_are_refused(harness: AppHarness) -> None:
    app = await harness.app()
    for grant in (
        "implicit",
        "Password",
        "AUTHORIZATION_CODE",
        "authorization_code ",
        "code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:saml2-bearer",
        "urn:openid:params:grant-type:ciba",
    ):
        refused = await harness.token(app, grant_type=grant, assertion="a.b.c", device_code="x")
        assert refused.json()["error"] == "unsupported_grant_type", grant


async def test_an_app_is_held_to_its_grants(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(
        grant_types=frozenset({"client_credentials"}), response_types=frozenset()
    )
    for grant in ("authorization_code", "refresh_token"):
        refused = await harness.token(app, grant_type=grant, code="x", refresh_token="x")
        assert refused.json()["error"] == "unauthorized_client"
    response = await harness.ask(await harness.signed_in(), app)
    assert "error=unauthorized_client" in response.headers["location"]


async def test_a_session_cookie_is_neither_a_client_nor_a_grant(harness: AppHarness) -> None:
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app(public=True)
    response = await browser.post(
        TOKEN, data={"grant_type": "authorization_code", "client_id": app.id}
    )
    assert response.json()["error"] == "invalid_request"
    assert "set-cookie" not in response.headers
