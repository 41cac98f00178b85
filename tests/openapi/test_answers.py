"""What the endpoints really answer is what the document says, field by field."""

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
    answer_of,
)
from support.fake_provider import (
    AUTHORIZE_CODE,
    AUTHORIZE_TOKEN,
    BACK,
    LOGIN,
    FakeUpstream,
    brought,
    come_back,
    depart,
    profile,
    redeem_login,
    state_of,
)
from support.openapi_conformance import check_answer

AUTHORIZE = "/api/v2/oauth/authorize"
JSON = {"accept": "application/json"}
ALL = "basic openid profile email"


@pytest.fixture
async def document(harness: AppHarness) -> dict[str, Any]:
    answer = await harness.browser().get("/api/openapi.json")
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_tokens_are_answered_as_described(
    harness: AppHarness, document: dict[str, Any], token_format: str
) -> None:
    await harness.person()
    app = await harness.app(token_format=token_format)
    code = (await harness.authorize(await harness.signed_in(), app, scope=ALL)).code
    bought = await harness.redeem(app, code)
    check_answer(document, "POST", TOKEN, bought)
    assert (
        bought.json().keys()
        == document["components"]["schemas"]["TokenAnswer"]["properties"].keys()
    )
    tokens = bought.json()
    for token in (tokens["access_token"], tokens["refresh_token"], "qma_nothing"):
        answer = await harness.post(INTROSPECT, app, {"token": token})
        check_answer(document, "POST", INTROSPECT, answer)
    refreshed = await harness.refresh(app, tokens["refresh_token"])
    check_answer(document, "POST", TOKEN, refreshed)
    own = await harness.token(app, grant_type="client_credentials")
    check_answer(document, "POST", TOKEN, own)
    check_answer(document, "POST", REVOKE, await harness.revoke(app, tokens["refresh_token"]))


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
    assert [answer.status_code for answer in refused] == [400, 400, 400, 400, 400, 401, 413]
    for answer in refused:
        check_answer(document, "POST", TOKEN, answer)
    by_address = await harness.browser().get(TOKEN, params={"grant_type": "refresh_token"})
    check_answer(document, "GET", TOKEN, by_address)
    for path in (REVOKE, INTROSPECT):
        for answer in (await harness.post(path, app, {}), await harness.browser().post(path)):
            check_answer(document, "POST", path, answer)
    check_answer(
        document, "POST", INTROSPECT, await harness.post(INTROSPECT, other, {"token": "x"})
    )
    tokens = (await harness.redeem(app, code)).json()
    stranger = await harness.app()
    check_answer(document, "POST", REVOKE, await harness.revoke(stranger, tokens["access_token"]))


@pytest.mark.parametrize("path", [ME, USERINFO])
async def test_people_are_answered_as_described(
    harness: AppHarness, document: dict[str, Any], path: str
) -> None:
    await harness.person()
    app = await harness.app()
    tokens = await harness.tokens(app, scope=ALL)
    narrow = await harness.tokens(app, scope="readmeasurements")
    answers = [
        await harness.call(tokens["access_token"], path),
        await harness.call(narrow["access_token"], path),
        await harness.call("qma_nothing", path),
        await harness.browser().get(path),
        await harness.browser().get(
            f"{path}?access_token=a", headers={"authorization": "Bearer b"}
        ),
    ]
    assert [answer.status_code for answer in answers] == [200, 403, 401, 401, 400]
    for answer in answers:
        check_answer(document, "GET", path, answer)


async def test_claims_by_form_are_answered_as_described(
    harness: AppHarness, document: dict[str, Any]
) -> None:
    await harness.person()
    tokens = await harness.tokens(await harness.app(), scope=ALL)
    answer = await harness.browser().post(USERINFO, data={"access_token": tokens["access_token"]})
    assert answer.status_code == 200
    check_answer(document, "POST", USERINFO, answer)


@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/openid-configuration",
        "/.well-known/jwks.json",
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
    answer = await harness.browser().get(path, headers=token)
    assert answer.status_code == 200
    check_answer(document, "GET", path, answer)


async def test_the_numbers_are_refused_as_described(
    harness: AppHarness, document: dict[str, Any]
) -> None:
    twice = httpx.Headers([("authorization", "Bearer a"), ("authorization", "Bearer b")])
    for headers in (httpx.Headers(), twice):
        answer = await harness.browser().get("/metrics", headers=headers)
        check_answer(document, "GET", "/metrics", answer)


async def test_authorization_is_answered_as_described(
    harness: AppHarness, document: dict[str, Any]
) -> None:
    await harness.person()
    app = await harness.app()
    asked = {"client_id": app.id, "response_type": "code"}
    browser = await harness.signed_in()
    answers = [
        await harness.ask(harness.browser(), app),
        await harness.ask(browser, app),
        await harness.ask(browser, app, prompt="none"),
        await browser.get(AUTHORIZE),
        await browser.get(AUTHORIZE, headers=JSON),
        await browser.get(AUTHORIZE, params=asked, headers=JSON),
    ]
    assert [answer.status_code for answer in answers] == [303, 200, 303, 400, 400, 401]
    for answer in answers:
        check_answer(document, "GET", AUTHORIZE, answer)
    large = [
        await browser.post(AUTHORIZE, data={**asked, "state": "x" * 70_000}),
        await browser.post(AUTHORIZE, data=asked, headers={"x-large": "x" * 40_000}),
    ]
    for answer in large:
        assert answer.status_code == 413
        check_answer(document, "POST", AUTHORIZE, answer)
    posted = await browser.post(AUTHORIZE, data={**asked, "response_type": "nonsense"})
    check_answer(document, "POST", AUTHORIZE, posted)
    assert answer_of(posted).parameters["error"] == "unsupported_response_type"


async def test_parameters_spelled_as_described_are_used(
    harness: AppHarness, document: dict[str, Any]
) -> None:
    """By name, from the examples: what is described is what is read."""
    app = await harness.app()
    properties = document["components"]["schemas"]["TokenRequest"]["properties"]
    assert properties["code_verifier"]["examples"] == [VERIFIER]
    (example,) = document["paths"][TOKEN]["post"]["requestBody"]["content"].values()
    body = {**example["examples"]["client_credentials"]["value"], "client_id": app.id}
    answer = await harness.browser().post(TOKEN, json={**body, "client_secret": app.secret})
    assert answer.json()["scope"] == "readmeasurements"


async def test_social_sign_in_is_answered_as_described(open_harness: OpenHarness) -> None:
    google = FakeUpstream(people={"gia": profile(email="gia@example.org")})
    async with open_harness([google], limits__upstream_logins_per_address="12 per 15m") as harness:
        document = (await harness.browser().get("/api/openapi.json")).json()
        await harness.app()
        browser = harness.browser()
        departed = await depart(browser)
        back = await come_back(browser, state_of(departed))
        for method, path, answer in (
            ("GET", LOGIN, departed),
            ("GET", LOGIN, await depart(browser, "unknown")),
            ("GET", LOGIN, await browser.get(LOGIN, headers=JSON)),
            ("GET", f"{BACK}/{{provider}}", back),
            ("GET", f"{BACK}/{{provider}}", await come_back(browser, "x")),
            ("POST", f"{BACK}/{{provider}}", await browser.post(f"{BACK}/unknown")),
        ):
            check_answer(document, method, path, answer)
        code = brought(back)["code"]
        seen = []
        for fields in (
            {"code": code},
            {"code": code},
            {},
            {"code": "unknown"},
        ):
            answer = await browser.post(AUTHORIZE_CODE, data={"provider": "google", **fields})
            check_answer(document, "POST", AUTHORIZE_CODE, answer)
            seen.append(answer.status_code)
        assert seen == [200, 400, 400, 400]
        await harness.person()
        google.people["ann"] = profile(subject="2", email="ann@example.org")
        seen = []
        for token in ("gia", "ann", "foreign-token", "nonsense"):
            query = {"provider": "google", "accessToken": token}
            answer = await browser.get(AUTHORIZE_TOKEN, params=query)
            check_answer(document, "GET", AUTHORIZE_TOKEN, answer)
            seen.append(answer.status_code)
        assert seen == [200, 403, 401, 401]
        google.fault = ProviderUnavailable("The sign-in provider cannot answer now.")
        query = {"provider": "google", "accessToken": "gia"}
        for status in (503, 503, 503, 503, 429):
            answer = await browser.get(AUTHORIZE_TOKEN, params=query)
            assert answer.status_code == status
            check_answer(document, "GET", AUTHORIZE_TOKEN, answer)


async def test_notices_of_providers_are_answered_as_described(open_harness: OpenHarness) -> None:
    async with open_harness([FakeUpstream("facebook", "Facebook")]) as harness:
        document = (await harness.browser().get("/api/openapi.json")).json()
        good = {"signed": True, "kind": "gone", "subject": "1", "id": "one"}
        for place in ("notifications", "deauthorize", "data-deletion"):
            path = f"/api/v2/auth/social/{place}"
            seen = []
            for name, body in (("facebook", good), ("facebook", {}), ("unknown", good)):
                answer = await harness.browser().post(f"{path}/{name}", json=body)
                check_answer(document, "POST", f"{path}/{{provider}}", answer)
                seen.append(answer.status_code)
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
                answer = await harness.browser().get(AUTHORIZE, params=query, headers=headers)
                check_answer(document, "GET", AUTHORIZE, answer)
                seen.append(answer.status_code)
        assert seen == [200, 400, 403, 400]
