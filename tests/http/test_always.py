"""What holds for every response, to any request."""

from typing import Any

import httpx

from support.app import AUTHORIZE, ME, TOKEN, AppHarness

PATHS = (
    TOKEN,
    ME,
    AUTHORIZE,
    "/",
    "/sign-in",
    "/nowhere",
    "/.well-known/jwks.json",
    "/.well-known/oauth-protected-resource/api",
    "/health/live",
)


async def test_over_https_the_browser_gets_strict_transport_security(harness: AppHarness) -> None:
    for path in PATHS:
        response = await harness.browser().get(path)
        assert response.headers["strict-transport-security"].startswith("max-age=31536000")
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "server" not in response.headers
        assert "x-powered-by" not in response.headers


async def test_over_plain_http_on_loopback_nothing_is_said_of_https(open_harness: Any) -> None:
    async with open_harness(issuer="http://127.0.0.1:8765") as harness:
        for path in PATHS:
            assert "strict-transport-security" not in (await harness.browser().get(path)).headers


async def test_an_address_that_is_not_ours_is_a_404(harness: AppHarness) -> None:
    for path in ("/nowhere", "/api/v9/x", TOKEN + "/", TOKEN.upper(), "/api//v2/oauth2/userinfo"):
        for method in ("GET", "POST", "PUT"):
            response = await harness.browser().request(method, path)
            assert response.status_code == 404, path


async def test_below_the_addresses_of_programs_an_unknown_path_is_a_json_404(
    harness: AppHarness,
) -> None:
    for path in (
        "/api",
        "/api/",
        "/api/v9/x",
        "/api/v1/measurements/",
        "/api/v2/measurements/1/2",
        f"{TOKEN}/",
        f"{AUTHORIZE}/",
        "/.well-known/",
        "/.well-known/nothing",
        "/.well-known/openid-configuration/",
        "/api/%ff",
        "/api/<script>",
    ):
        for method in ("GET", "POST", "PUT", "DELETE"):
            response = await harness.browser().request(method, path)
            assert response.status_code == 404, path
            if path != "/api":
                assert response.headers["content-type"] == "application/json", path
                assert response.json()["error"] == "not_found"
                assert response.headers["cache-control"] == "no-store"
    page = await harness.browser().get("/nowhere")
    assert page.headers["content-type"].startswith("text/html")


async def test_below_the_addresses_of_programs_another_method_is_refused_in_json(
    harness: AppHarness,
) -> None:
    for path, allowed in (
        (AUTHORIZE, {"GET", "HEAD", "POST"}),
        (f"{AUTHORIZE}/resume", {"GET", "HEAD"}),
        (f"{AUTHORIZE}/decision", {"POST"}),
        ("/api/v2/auth/social/login", {"GET", "HEAD"}),
        ("/api/v2/auth/social/callback/google", {"GET", "HEAD", "POST"}),
        ("/api/v2/oauth2/logout", {"GET", "HEAD", "POST"}),
        ("/.well-known/security.txt", {"GET", "HEAD"}),
        ("/.well-known/change-password", {"GET", "HEAD"}),
        ("/.well-known/passkey-endpoints", {"GET", "HEAD"}),
    ):
        for method in ("PUT", "PATCH", "DELETE", "BREW"):
            response = await harness.send_raw(method, path)
            assert response.status_code == 405, path
            assert set(response.headers["allow"].split(", ")) == allowed, path
            assert response.headers["content-type"] == "application/json"
            assert response.json()["error"] == "invalid_request"


async def test_a_failure_of_ours_is_a_500_with_a_number_and_nothing_else(
    harness: AppHarness,
) -> None:
    # The database is closed while the server runs: the response is a 503 or 500 in JSON, without
    # the reason.
    app = await harness.app()
    await harness.context.stores.close()
    response: httpx.Response = await harness.token(app, grant_type="client_credentials")
    assert response.status_code in (500, 503)
    assert response.headers["content-type"] == "application/json"
    assert response.json().keys() - {"error_uri"} == {"error", "error_description", "incident"}
    for word in ("Traceback", "sqlite", "quantimodo/", "SELECT"):
        assert word not in response.text
    assert (await harness.browser().get("/health/live")).status_code == 200
    ready = await harness.browser().get("/health/ready")
    assert ready.status_code in (500, 503)
