"""The responses of the endpoints are those of the document, field by field."""

from typing import Any

import httpx
import pytest

from quantimodo.outbound.errors import ProviderUnavailable
from support.app import (
    INTROSPECT,
    ME,
    REVOKE,
    TOKEN,
    USERINFO,
    VERIFIER,
    AppHarness,
    OpenHarness,
    response_of,
)
from support.fake_provider import (
    AUTHORIZE_CODE,
    AUTHORIZE_TOKEN,
    BACK,
    LOGIN,
    FakeUpstream,
    brought,
    profile,
    redeem_login,
    send_callback,
    start_upstream_login,
    state_of,
)
from support.openapi_conformance import check_response

AUTHORIZE = "/api/v2/oauth/authorize"
JSON = {"accept": "application/json"}
ALL = "basic openid profile email"


@pytest.fixture
async def document(harness: AppHarness) -> dict[str, Any]:
    response = await harness.browser().get("/api/openapi.json")
    found: dict[str, Any] = response.json()
    return found


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_tokens_are_answered_as_described(
    harness: AppHarness, document: dict[str, Any], token_format: str
) -> None:
    await harness.person()
    app = await harness.app(token_format=token_format)
    details = '[{"type":"health_measurements","actions":["read"],"categories":["Sleep"],"days":9}]'
    browser, scope = await harness.signed_in(), f"{ALL} readmeasurements"
    code = (await harness.authorize(browser, app, scope=scope, authorization_details=details)).code
    bought = await harness.redeem(app, code)
    check_response(document, "POST", TOKEN, bought)
    described = document["components"]["schemas"]["TokenAnswer"]["properties"].keys()
    # Of managed grants, and of token exchange.
    assert bought.json().keys() == described - {"grant_id", "issued_token_type"}
    tokens = bought.json()
    for token in (tokens["access_token"], tokens["refresh_token"], "qma_nothing"):
        response = await harness.post(INTROSPECT, app, {"token": token})
        check_response(document, "POST", INTROSPECT, response)
    refreshed = await harness.refresh(app, tokens["refresh_token"])
    check_response(document, "POST", TOKEN, refreshed)
    own = await harness.token(app, grant_type="client_credentials")
    check_response(document, "POST", TOKEN, own)
    check_response(document, "POST", REVOKE, await harness.revoke(app, tokens["refresh_token"]))


async def test_refused_tokens_are_answered_as_described(
    harness: AppHarness, document: dict[str, Any]
) -> None:
    await harness.person()
    app, other = await harness.app(), await harness.app(public=True)
    code = (await harness.authorize(await harness.signed_in(), app)).code
    refused = [
        await harness.token(app),
        await harness.token(app, grant_type="password"),
        await harness.token(other, grant_type="client_credentials"),
        await harness.token(app, grant_type="client_credentials", scope="nothing"),
        await harness.redeem(other, code),
        await harness.browser().post(TOKEN, data={"grant_type": "x"}, auth=("unknown", "nothing")),
        await harness.browser().post(TOKEN, content=b"x" * 70_000),
    ]
    assert [response.status_code for response in refused] == [400, 400, 400, 400, 400, 401, 413]
    for response in refused:
        check_response(document, "POST", TOKEN, response)
    by_address = await harness.browser().get(TOKEN, params={"grant_type": "refresh_token"})
    check_response(document, "GET", TOKEN, by_address)
    for path in (REVOKE, INTROSPECT):
        for response in (await harness.post(path, app, {}), await harness.browser().post(path)):
            check_response(document, "POST", path, response)
    check_response(
        document, "POST", INTROSPECT, await harness.post(INTROSPECT, other, {"token": "x"})
    )
    tokens = (await harness.redeem(app, code)).json()
    stranger = await harness.app()
    check_response(document, "POST", REVOKE, await harness.revoke(stranger, tokens["access_token"]))


@pytest.mark.parametrize("path", [ME, USERINFO])
async def test_people_are_answered_as_described(
    harness: AppHarness, document: dict[str, Any], path: str
) -> None:
    await harness.person()
    app = await harness.app()
    tokens = await harness.tokens(app, scope=ALL)
    narrow = await harness.tokens(app, scope="readmeasurements")
    responses = [
        await harness.call(tokens["access_token"], path),
        await harness.call(narrow["access_token"], path),
        await harness.call("qma_nothing", path),
        await harness.browser().get(path),
        await harness.browser().get(
            f"{path}?access_token=a", headers={"authorization": "Bearer b"}
        ),
    ]
    assert [response.status_code for response in responses] == [200, 403, 401, 401, 400]
    for response in responses:
        check_response(document, "GET", path, response)


async def test_claims_by_form_are_answered_as_described(
    harness: AppHarness, document: dict[str, Any]
) -> None:
    await harness.person()
    tokens = await harness.tokens(await harness.app(), scope=ALL)
    response = await harness.browser().post(USERINFO, data={"access_token": tokens["access_token"]})
    assert response.status_code == 200
    check_response(document, "POST", USERINFO, response)


@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/openid-configuration",
        "/.well-known/jwks.json",
        "/.well-known/oauth-protected-resource/api",
        "/api/openapi.json",
        "/health/live",
        "/health/ready",
        "/metrics",
    ],
)
async def test_public_documents_are_answered_as_described(
    harness: AppHarness, document: dict[str, Any], path: str
) -> None:
    token = {"authorization": "Bearer fake-metrics-token"}
    response = await harness.browser().get(path, headers=token)
    assert response.status_code == 200
    check_response(document, "GET", path, response)


async def test_the_numbers_are_refused_as_described(
    harness: AppHarness, document: dict[str, Any]
) -> None:
    twice = httpx.Headers([("authorization", "Bearer a"), ("authorization", "Bearer b")])
    for headers in (httpx.Headers(), twice):
        response = await harness.browser().get("/metrics", headers=headers)
        check_response(document, "GET", "/metrics", response)


async def test_authorization_is_answered_as_described(
    harness: AppHarness, document: dict[str, Any]
) -> None:
    await harness.person()
    app = await harness.app()
    requested = {"client_id": app.id, "response_type": "code"}
    browser = await harness.signed_in()
    responses = [
        await harness.ask(harness.browser(), app),
        await harness.ask(browser, app),
        await harness.ask(browser, app, prompt="none"),
        await browser.get(AUTHORIZE),
        await browser.get(AUTHORIZE, headers=JSON),
        await browser.get(AUTHORIZE, params=requested, headers=JSON),
    ]
    assert [response.status_code for response in responses] == [303, 200, 303, 400, 400, 401]
    for response in responses:
        check_response(document, "GET", AUTHORIZE, response)
    large = [
        await browser.post(AUTHORIZE, data={**requested, "state": "x" * 70_000}),
        await browser.post(AUTHORIZE, data=requested, headers={"x-large": "x" * 40_000}),
    ]
    for response in large:
        assert response.status_code == 413
        check_response(document, "POST", AUTHORIZE, response)
    posted = await browser.post(AUTHORIZE, data={**requested, "response_type": "nonsense"})
    check_response(document, "POST", AUTHORIZE, posted)
    assert response_of(posted).parameters["error"] == "unsupported_response_type"


async def test_parameters_spelled_as_described_are_used(
    harness: AppHarness, document: dict[str, Any]
) -> None:
    """By name, from the examples: what is described is what is read."""
    app = await harness.app()
    properties = document["components"]["schemas"]["TokenRequest"]["properties"]
    assert properties["code_verifier"]["examples"] == [VERIFIER]
    (example,) = document["paths"][TOKEN]["post"]["requestBody"]["content"].values()
    body = {**example["examples"]["client_credentials"]["value"], "client_id": app.id}
    response = await harness.browser().post(TOKEN, json={**body, "client_secret": app.secret})
    assert response.json()["scope"] == "readmeasurements"


async def test_social_sign_in_is_answered_as_described(open_harness: OpenHarness) -> None:
    google = FakeUpstream(people={"gia": profile(email="gia@example.org")})
    async with open_harness([google], limits__upstream_logins_per_address="12 per 15m") as harness:
        document = (await harness.browser().get("/api/openapi.json")).json()
        await harness.app()
        browser = harness.browser()
        started_login = await start_upstream_login(browser)
        back = await send_callback(browser, state_of(started_login))
        for method, path, response in (
            ("GET", LOGIN, started_login),
            ("GET", LOGIN, await start_upstream_login(browser, "unknown")),
            ("GET", LOGIN, await browser.get(LOGIN, headers=JSON)),
            ("GET", f"{BACK}/{{provider}}", back),
            ("GET", f"{BACK}/{{provider}}", await send_callback(browser, "x")),
            ("POST", f"{BACK}/{{provider}}", await browser.post(f"{BACK}/unknown")),
        ):
            check_response(document, method, path, response)
        code = brought(back)["code"]
        seen = []
        for fields in (
            {"code": code},
            {"code": code},
            {},
            {"code": "unknown"},
        ):
            response = await browser.post(AUTHORIZE_CODE, data={"provider": "google", **fields})
            check_response(document, "POST", AUTHORIZE_CODE, response)
            seen.append(response.status_code)
        assert seen == [200, 400, 400, 400]
        await harness.person()
        google.people["ann"] = profile(subject="2", email="ann@example.org")
        seen = []
        for token in ("gia", "ann", "foreign-token", "nonsense"):
            query = {"provider": "google", "accessToken": token}
            response = await browser.get(AUTHORIZE_TOKEN, params=query)
            check_response(document, "GET", AUTHORIZE_TOKEN, response)
            seen.append(response.status_code)
        assert seen == [200, 403, 401, 401]
        google.fault = ProviderUnavailable("The sign-in provider cannot answer now.")
        query = {"provider": "google", "accessToken": "gia"}
        for status in (503, 503, 503, 503, 429):
            response = await browser.get(AUTHORIZE_TOKEN, params=query)
            assert response.status_code == status
            check_response(document, "GET", AUTHORIZE_TOKEN, response)


async def test_notices_of_providers_are_answered_as_described(open_harness: OpenHarness) -> None:
    async with open_harness([FakeUpstream("facebook", "Facebook")]) as harness:
        document = (await harness.browser().get("/api/openapi.json")).json()
        good = {"signed": True, "kind": "gone", "subject": "1", "id": "one"}
        for place in ("notifications", "deauthorize", "data-deletion"):
            path = f"/api/v2/auth/social/{place}"
            seen = []
            for name, body in (("facebook", good), ("facebook", {}), ("unknown", good)):
                response = await harness.browser().post(f"{path}/{name}", json=body)
                check_response(document, "POST", f"{path}/{{provider}}", response)
                seen.append(response.status_code)
            assert seen == [200, 400, 404]


async def test_authorization_by_login_jwt_is_answered_as_described(
    open_harness: OpenHarness,
) -> None:
    async with open_harness([FakeUpstream(people={"gia": profile()})]) as harness:
        document = (await harness.browser().get("/api/openapi.json")).json()
        token = (await redeem_login(harness, "gia")).json()["data"]["token"]
        headers = {**JSON, "authorization": f"Bearer {token}"}
        seen = []
        for changes in ({"first_party": True}, {}):
            app = await harness.app(**changes)
            for more in ({}, {"scope": "nonsense"}):
                query = {"client_id": app.id, "response_type": "code", "state": "s", **more}
                response = await harness.browser().get(AUTHORIZE, params=query, headers=headers)
                check_response(document, "GET", AUTHORIZE, response)
                seen.append(response.status_code)
        assert seen == [200, 400, 403, 400]
