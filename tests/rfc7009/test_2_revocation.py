"""Token revocation (RFC 7009 §2), over HTTP."""

import httpx

from support.app import REVOKE, AppHarness


async def test_a_revoked_access_token_is_refused_at_once_and_the_grant_stays(
    harness: AppHarness,
) -> None:
    await harness.person()
    app = await harness.app()
    tokens = await harness.tokens(app)
    response = await harness.revoke(app, tokens["access_token"])
    assert response.status_code == 200
    assert response.json() == {}, "clients parse it as JSON"
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert (await harness.call(tokens["access_token"])).status_code == 401
    assert (await harness.refresh(app, tokens["refresh_token"])).status_code == 200


async def test_a_revoked_refresh_token_revokes_its_whole_authorization(
    harness: AppHarness,
) -> None:
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    first, other = await harness.tokens(app, browser), await harness.tokens(app, browser)
    second = (await harness.refresh(app, first["refresh_token"])).json()
    assert (await harness.revoke(app, second["refresh_token"])).status_code == 200
    for dead in (first, second):
        assert (await harness.call(dead["access_token"])).status_code == 401
        refused = await harness.refresh(app, dead["refresh_token"])
        assert refused.json()["error"] == "invalid_grant"
    assert (await harness.call(other["access_token"])).status_code == 200


async def test_a_spent_refresh_token_revokes_too(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    first = await harness.tokens(app)
    second = (await harness.refresh(app, first["refresh_token"])).json()
    assert (await harness.revoke(app, first["refresh_token"])).status_code == 200
    assert (await harness.call(second["access_token"])).status_code == 401


async def test_revoking_twice_or_an_unknown_token_succeeds(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    tokens = await harness.tokens(app)
    for _ in range(2):
        for token in (tokens["access_token"], tokens["refresh_token"]):
            assert (await harness.revoke(app, token)).status_code == 200
    for token in ("nonsense", "qma_", "qmr_", "qma_" + "A" * 48, "a.b.c", "x" * 8000, "é"):
        assert (await harness.revoke(app, token)).status_code == 200, token[:9]


async def test_an_expired_token_is_revoked_already(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    tokens = await harness.tokens(app)
    harness.advance(days=400)
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert (await harness.revoke(app, token)).status_code == 200


async def test_a_token_of_another_client_stays(harness: AppHarness) -> None:
    await harness.person()
    app, attacker = await harness.app(), await harness.app()
    tokens = await harness.tokens(app)
    for token in (tokens["access_token"], tokens["refresh_token"]):
        refused = await harness.revoke(attacker, token)
        assert refused.status_code == 400
        assert refused.json()["error"] == "unauthorized_client"
    assert (await harness.call(tokens["access_token"])).status_code == 200
    assert (await harness.refresh(app, tokens["refresh_token"])).status_code == 200


async def test_the_hint_may_be_wrong_or_unknown(harness: AppHarness) -> None:
    # RFC 7009 §2.1: a server that does not need the hint may ignore it.
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    for hint in ("refresh_token", "access_token", "nonsense"):
        token = (await harness.tokens(app, browser))["access_token"]
        fields = {"token": token, "token_type_hint": hint}
        assert (await harness.post(REVOKE, app, fields)).status_code == 200
        assert (await harness.call(token)).status_code == 401


async def test_a_public_client_revokes_its_own(harness: AppHarness) -> None:
    await harness.person()
    app, other = await harness.app(public=True), await harness.app(public=True)
    tokens = await harness.tokens(app)
    assert (await harness.revoke(other, tokens["refresh_token"])).status_code == 400
    assert (await harness.revoke(app, tokens["refresh_token"])).status_code == 200
    assert (await harness.call(tokens["access_token"])).status_code == 401


async def test_revocation_requires_client_authentication(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    token = (await harness.tokens(app))["access_token"]
    wrong = httpx.BasicAuth(app.id, "qms_wrong")
    browser = harness.browser()
    for response in (
        await browser.post(REVOKE, data={"token": token}),
        await browser.post(REVOKE, data={"token": token, "client_id": app.id}),
        await browser.post(REVOKE, data={"token": token}, auth=wrong),
    ):
        assert response.status_code == 401
        assert response.json()["error"] == "invalid_client"
    assert (await harness.call(token)).status_code == 200


async def test_the_token_must_be_there(harness: AppHarness) -> None:
    app = await harness.app()
    for data in ({"x": "y"}, {"token": ""}):
        response = await harness.post(REVOKE, app, data)
        assert response.status_code == 400
        assert response.json()["error"] == "invalid_request"


async def test_both_spellings_of_the_address_revoke(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    token = (await harness.tokens(app))["access_token"]
    assert (await harness.post("/api/v2/oauth/revoke", app, {"token": token})).status_code == 200
    assert (await harness.call(token)).status_code == 401
