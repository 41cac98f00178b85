"""v2-api.md §5: the authorize endpoint as the page of 2016 has it, and for callers that are no
browser."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from support.addresses import query_of
from support.app import AUTHORIZE, ISSUER, AppHarness, response_of

JSON = {"accept": "application/json"}
MARK = "m4rked-secret"


async def test_a_right_client_secret_is_taken_and_never_needed(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(first_party=True), await harness.signed_in()
    for secret in (app.secret, None, ""):
        response = response_of(await harness.ask(browser, app, client_secret=secret))
        assert "code" in response.parameters
        assert (app.secret or "") not in response.location


@pytest.mark.parametrize("signed_in", [False, True])
async def test_a_wrong_client_secret_is_a_page_and_no_redirect(
    harness: AppHarness, signed_in: bool
) -> None:
    await harness.person()
    app = await harness.app(first_party=True)
    browser = await harness.signed_in() if signed_in else harness.browser()
    for changes in ({}, {"scope": "nonsense"}, {"prompt": "none"}):
        response = await harness.ask(browser, app, client_secret=MARK, **changes)
        assert response.status_code == 400
        assert "location" not in response.headers
        assert MARK not in response.text
    assert not harness.rows()["codes"]
    assert not harness.rows()["authorization_requests"]


async def test_a_public_client_has_no_secret_to_be_right(harness: AppHarness) -> None:
    app = await harness.app(public=True)
    response = await harness.ask(harness.browser(), app, client_secret=MARK)
    assert response.status_code == 400


async def test_a_bearer_header_that_is_not_a_login_jwt_is_as_if_absent(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(first_party=True)
    browser = await harness.signed_in()
    token = (await harness.tokens(app, browser))["access_token"]
    for value in ("Bearer ", "Bearer", f"Bearer {token}", "Bearer a.b.c", "Basic YTpi"):
        query = {"client_id": app.id, "response_type": "code"}
        headers = {"authorization": value}
        stranger = await harness.browser().get(AUTHORIZE, params=query, headers=headers)
        assert stranger.headers["location"].startswith("/sign-in?"), value
        visitor = await browser.get(AUTHORIZE, params=query, headers=headers)
        assert "code" in response_of(visitor).parameters, value


async def test_a_token_in_the_query_that_is_not_a_login_jwt_is_ignored(
    harness: AppHarness,
) -> None:
    await harness.person()
    app = await harness.app(first_party=True, token_format="jwt")
    tokens = await harness.tokens(app, scope="openid basic")
    for token in (tokens["access_token"], tokens["id_token"], MARK):
        response = await harness.ask(harness.browser(), app, token=token)
        assert response.headers["location"].startswith("/sign-in?")
        assert token not in response.headers["location"]
        assert token not in str(harness.rows()["authorization_requests"])


# --------------------------------------------------------------- callers that are no browser


async def ask_json(harness: AppHarness, app_id: str, **more: str) -> httpx.Response:
    query = {"client_id": app_id, "response_type": "code", "scope": "basic", "state": "s", **more}
    return await harness.browser().get(AUTHORIZE, params=query, headers=JSON)


async def test_without_a_usable_jwt_it_is_a_401_with_an_address_to_open(
    harness: AppHarness,
) -> None:
    app = await harness.app()
    response = await ask_json(harness, app.id, client_secret=app.secret or "", token=MARK)
    assert response.status_code == 401
    body = response.json()
    assert body["success"] is False
    assert body["status"] == "error"
    assert body["message"] == body["error"]["message"]
    assert body["error"]["code"] == "login_required"
    url = body["error"]["interactionUrl"]
    assert url.startswith(f"{ISSUER}/api/v2/oauth/authorize?")
    assert query_of(url) == {
        "client_id": app.id,
        "response_type": "code",
        "scope": "basic",
        "state": "s",
    }
    for secret in (app.secret or "", MARK):
        assert secret not in response.text
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-type"] == "application/json"


async def test_the_address_leads_a_browser_through_the_same_request(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    refused = await ask_json(harness, app.id, nonce="é & ü", code=MARK, access_token=MARK)
    url = refused.json()["error"]["interactionUrl"]
    assert MARK not in url
    browser = await harness.signed_in()
    page = await browser.get(url)
    response = response_of(await harness.decide(browser, page))
    assert response.parameters["state"] == "s"
    assert (await harness.redeem(app, response.code, code_verifier=None)).status_code == 200


async def test_a_session_cookie_does_not_make_a_script_a_browser(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(first_party=True)
    browser = await harness.signed_in()
    query = {"client_id": app.id, "response_type": "code"}
    response = await browser.get(AUTHORIZE, params=query, headers=JSON)
    assert response.status_code == 401
    assert not harness.rows()["codes"]


async def test_a_caller_that_accepts_pages_gets_pages_and_redirects(harness: AppHarness) -> None:
    for accept in (
        "text/html",
        "*/*",
        "application/json, text/html",
        "application/json, */*;q=0.1",
        "",
    ):
        app = await harness.app()
        query = {"client_id": app.id, "response_type": "code"}
        response = await harness.browser().get(AUTHORIZE, params=query, headers={"accept": accept})
        assert response.status_code == 303
        assert response.headers["location"].startswith("/sign-in?")


async def test_faults_of_client_and_address_are_json_too(harness: AppHarness) -> None:
    app = await harness.app()
    for query in (
        {"client_id": "unknown"},
        {"client_id": app.id, "redirect_uri": "https://evil.example/m4rked"},
        {"client_id": app.id, "client_secret": MARK},
    ):
        response = await harness.browser().get(AUTHORIZE, params=query, headers=JSON)
        assert response.status_code == 400
        assert response.json()["error"]["code"] == "invalid_request"
        assert "m4rked" not in response.text


async def test_both_addresses_give_one_interaction_address(harness: AppHarness) -> None:
    app = await harness.app()
    query = {"client_id": app.id, "response_type": "code"}
    urls = {
        (await harness.browser().get(path, params=query, headers=JSON)).json()["error"][
            "interactionUrl"
        ]
        for path in (AUTHORIZE, "/api/v2/oauth2/authorize")
    }
    assert len(urls) == 1
    assert parse_qs(urlsplit(urls.pop()).query)["client_id"] == [app.id]
