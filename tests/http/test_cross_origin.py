"""Scripts of other origins: what they may call, and that no cookie ever helps them."""

from support.app import AUTHORIZE, INTROSPECT, ME, REVOKE, TOKEN, USERINFO, AppHarness
from support.checks import not_empty

ORIGIN = "https://app.example.org"
ASKS = {
    "origin": ORIGIN,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization, content-type",
}
OPEN = (
    TOKEN,
    "/api/v2/oauth/access_token",
    "/api/v2/oauth2/par",
    "/api/v2/oauth2/device_authorization",
    REVOKE,
    USERINFO,
    ME,
    "/.well-known/openid-configuration",
    "/.well-known/jwks.json",
    "/.well-known/oauth-protected-resource/api",
)
CLOSED = (
    INTROSPECT,
    "/api/v2/oauth/introspect",
    "/api/v2/auth/social/keys/work",
    "/health/live",
    "/health/ready",
    "/metrics",
)


async def test_a_preflight_is_answered_for_any_origin(harness: AppHarness) -> None:
    for path in OPEN:
        response = await harness.browser().options(path, headers=ASKS)
        assert response.status_code == 204
        assert response.content == b""
        assert response.headers["access-control-allow-origin"] == "*"
        assert "Authorization" in response.headers["access-control-allow-headers"]
        assert "Content-Type" in response.headers["access-control-allow-headers"]
        methods = response.headers["access-control-allow-methods"].split(", ")
        assert set(methods) & {"GET", "POST"}
        assert "access-control-allow-credentials" not in response.headers


async def test_responses_and_refusals_can_be_read_by_the_script(harness: AppHarness) -> None:
    for path in OPEN:
        browser = harness.browser()
        responses = [
            await browser.get(path, headers={"origin": ORIGIN}),
            await browser.get(path, headers={"origin": ORIGIN}),
            await browser.post(path, headers={"origin": ORIGIN}),
            await browser.post(path, headers={"origin": "null"}),
        ]
        for response in responses:
            assert response.headers["access-control-allow-origin"] == "*", response.status_code
            assert "WWW-Authenticate" in response.headers["access-control-expose-headers"]
            assert "access-control-allow-credentials" not in response.headers


async def test_a_response_that_no_script_should_read_has_no_cors_headers(
    harness: AppHarness,
) -> None:
    for path in CLOSED:
        for response in (
            await harness.browser().options(path, headers=ASKS),
            await harness.browser().get(path, headers={"origin": ORIGIN}),
            await harness.browser().post(path, headers={"origin": ORIGIN}),
        ):
            assert response.status_code < 500
            names = not_empty(response.headers)
            assert not [name for name in names if name.startswith("access-control-")]


async def test_pages_are_not_for_scripts_of_others(harness: AppHarness) -> None:
    # RFC 9700 §2.6: the authorization endpoint MUST NOT allow cross-origin reads.
    for path in (
        AUTHORIZE,
        "/sign-in",
        "/account",
        "/api/v2/oauth2/authorize",
    ):
        for response in (
            await harness.browser().options(path, headers=ASKS),
            await harness.browser().get(path, headers={"origin": ORIGIN}),
        ):
            names = not_empty(response.headers)
            assert not [name for name in names if name.startswith("access-control-")]


async def test_without_an_origin_nothing_is_said(harness: AppHarness) -> None:
    await harness.browser().get("/.well-known/openid-configuration", headers={"origin": ORIGIN})
    response = await harness.browser().get("/.well-known/openid-configuration")
    assert "access-control-allow-origin" not in response.headers


async def test_a_single_page_app_does_the_whole_job_from_its_own_origin(
    harness: AppHarness,
) -> None:
    await harness.person()
    app = await harness.app(public=True)
    code = (await harness.authorize(await harness.signed_in(), app)).code
    headers = {"origin": ORIGIN}
    fields = {
        "grant_type": "authorization_code",
        "client_id": app.id,
        "code": code,
        "redirect_uri": "https://app.example.org/callback",
        "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    }
    redeemed = await harness.browser().post(TOKEN, data=fields, headers=headers)
    assert redeemed.headers["access-control-allow-origin"] == "*"
    bearer = {"authorization": f"Bearer {redeemed.json()['access_token']}", **headers}
    assert (await harness.browser().get(ME, headers=bearer)).status_code == 200
