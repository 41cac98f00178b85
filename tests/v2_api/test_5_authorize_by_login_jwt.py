"""v2-api.md §5: the login JWT says who the person is, at the authorize endpoint and for one
authorization only."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from quantimodo.app.composition.social import login_tokens, security_event_handler
from support.addresses import query_of
from support.app import (
    AUTHORIZE,
    CALLBACK,
    CHALLENGE,
    DECISION,
    ISSUER,
    ME,
    App,
    AppHarness,
    OpenHarness,
    form_fields,
    response_of,
)
from support.fake_provider import FakeUpstream, login_token, profile, redeem_login
from support.jwt_forgery import claims_of
from support.registered_clients import key_set, make_key, registered, signed

ALIAS = "/api/v2/oauth2/authorize"
JSON = {"accept": "application/json"}


@pytest.fixture
def google() -> FakeUpstream:
    return FakeUpstream(people={"gia": profile(), "bea": profile(subject="2", name="Bea Example")})


@pytest.fixture
async def harness(open_harness: OpenHarness, google: FakeUpstream) -> AsyncIterator[AppHarness]:
    async with open_harness([google]) as opened:
        yield opened


async def token_of(harness: AppHarness, who: str = "gia") -> str:
    """A login JWT that is good for any app."""
    response = await redeem_login(harness, who)
    token: str = response.json()["data"]["token"]
    return token


def asking(app: App, **changes: str) -> dict[str, str]:
    return {
        "client_id": app.id,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "basic",
        "state": "some-state",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }


def bearing(token: str, **headers: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}", **headers}


async def ask_json(harness: AppHarness, app: App, token: str, **changes: str) -> httpx.Response:
    return await harness.browser().get(
        AUTHORIZE, params=asking(app, **changes), headers=bearing(token, **JSON)
    )


def cookies_of(browser: httpx.AsyncClient) -> list[str]:
    return [
        c.name for c in browser.cookies.jar if c.name.startswith("__Host-quantimodo_login_jwt_")
    ]


async def consented(harness: AppHarness, app: App, token: str, browser: httpx.AsyncClient) -> Any:
    """By the URL, through the consent page, to the response."""
    moved = await browser.get(AUTHORIZE, params={**asking(app), "token": token})
    page = await browser.get(moved.headers["location"])
    return response_of(await harness.decide(browser, page))


# ------------------------------------------------------------------------------------ in the URL


@pytest.mark.parametrize("path", [AUTHORIZE, ALIAS])
async def test_a_jwt_in_the_url_is_moved_out_of_it(harness: AppHarness, path: str) -> None:
    app, token, browser = await harness.app(), await token_of(harness), harness.browser()
    moved = await browser.get(path, params={**asking(app), "token": token})
    assert moved.status_code == 303
    location = moved.headers["location"]
    assert location.startswith(f"{path}?")
    assert query_of(location) == asking(app)
    assert moved.headers["cache-control"] == "no-store"
    assert moved.headers["referrer-policy"] == "no-referrer"
    (cookie,) = moved.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-quantimodo_login_jwt_")
    for attribute in ("HttpOnly", "Secure", "SameSite=lax", "Max-Age=600"):
        assert attribute in cookie
    page = await browser.get(location)
    assert page.status_code == 200
    assert "Gia Example" in page.text
    assert token not in page.text


async def test_it_gives_the_app_a_code_for_tokens_of_that_person(harness: AppHarness) -> None:
    app, browser = await harness.app(), harness.browser()
    response = await consented(harness, app, await token_of(harness), browser)
    assert response.parameters["state"] == "some-state"
    assert response.parameters["iss"] == ISSUER
    tokens = await harness.redeem(app, response.code)
    assert tokens.status_code == 200, tokens.text
    me = await harness.call(tokens.json()["access_token"], ME)
    assert me.json()["displayName"] == "Gia Example"


async def test_it_never_becomes_a_session(harness: AppHarness) -> None:
    app, browser = await harness.app(), harness.browser()
    await consented(harness, app, await token_of(harness), browser)
    assert "__Host-quantimodo_session" not in browser.cookies
    assert not harness.rows()["sessions"]
    assert (await browser.get("/account")).headers["location"].startswith("/sign-in?")


async def test_it_is_gone_with_the_response_and_good_for_no_other_request(
    harness: AppHarness,
) -> None:
    app, browser = await harness.app(first_party=True), harness.browser()
    moved = await browser.get(AUTHORIZE, params={**asking(app), "token": await token_of(harness)})
    assert cookies_of(browser)
    other = await browser.get(AUTHORIZE, params=asking(app, state="other"))
    assert other.headers["location"].startswith("/sign-in?")
    wider = await browser.get(AUTHORIZE, params=asking(app, scope="basic readmeasurements"))
    assert wider.headers["location"].startswith("/sign-in?")
    response = await browser.get(moved.headers["location"])
    assert "code" in response_of(response).parameters
    assert not cookies_of(browser)
    again = await browser.get(moved.headers["location"])
    assert again.headers["location"].startswith("/sign-in?")


async def test_it_is_gone_when_the_person_says_no(harness: AppHarness) -> None:
    app, browser = await harness.app(), harness.browser()
    moved = await browser.get(AUTHORIZE, params={**asking(app), "token": await token_of(harness)})
    page = await browser.get(moved.headers["location"])
    response = response_of(await harness.decide(browser, page, "deny"))
    assert response.parameters["error"] == "access_denied"
    assert not cookies_of(browser)


async def test_secrets_that_strayed_are_not_moved_along(harness: AppHarness) -> None:
    app, browser = await harness.app(), harness.browser()
    more = {"client_secret": app.secret or "", "access_token": "m4rked", "code": "m4rked"}
    moved = await browser.get(
        AUTHORIZE, params={**asking(app), **more, "token": await token_of(harness)}
    )
    location = moved.headers["location"]
    assert "m4rked" not in location
    assert (app.secret or "") not in location


async def test_faults_are_reported_before_it_is_examined(harness: AppHarness) -> None:
    app, token = await harness.app(), await token_of(harness)
    for changes in ({"client_id": "unknown"}, {"redirect_uri": "https://evil.example/"}):
        response = await harness.browser().get(
            AUTHORIZE, params={**asking(app), **changes, "token": token}
        )
        assert response.status_code == 400
        assert "location" not in response.headers
        assert token not in response.text
    refused = await harness.browser().get(
        AUTHORIZE, params={**asking(app, scope="nonsense"), "token": token}
    )
    assert response_of(refused).parameters["error"] == "invalid_scope"
    assert token not in refused.headers["location"]


async def test_it_is_counted_and_can_be_turned_off(
    open_harness: OpenHarness, google: FakeUpstream
) -> None:
    series = 'quantimodo_legacy_total{shape="login_token_in_query"}'
    async with open_harness([google]) as harness:
        app, token = await harness.app(), await token_of(harness)
        await harness.browser().get(AUTHORIZE, params={**asking(app), "token": token})
        assert await harness.counted(series) == 1
        strict = await harness.app(strict=True, redirect_uris=(CALLBACK,))
        response = await harness.browser().get(AUTHORIZE, params={**asking(strict), "token": token})
        assert response_of(response).parameters["error"] == "invalid_request"
    async with open_harness([google], legacy_transport="false") as harness:
        app, token = await harness.app(first_party=True), await token_of(harness)
        response = await harness.browser().get(AUTHORIZE, params={**asking(app), "token": token})
        assert response_of(response).parameters["error"] == "invalid_request"
        assert token not in response.headers["location"]
        assert (await ask_json(harness, app, token)).status_code == 200


async def test_a_token_that_is_not_a_login_jwt_does_not_stay_in_the_address(
    harness: AppHarness,
) -> None:
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    moved = await browser.get(AUTHORIZE, params={**asking(app), "token": "m4rked"})
    assert moved.status_code == 303
    assert "m4rked" not in moved.headers["location"]
    assert not cookies_of(browser)
    page = await browser.get(moved.headers["location"])
    assert "Ann Example" in page.text


async def test_a_jwt_in_a_form_is_taken_too(harness: AppHarness) -> None:
    app, browser = await harness.app(), harness.browser()
    page = await browser.post(AUTHORIZE, data={**asking(app), "token": await token_of(harness)})
    assert "Gia Example" in page.text
    assert "code" in response_of(await harness.decide(browser, page)).parameters


# ------------------------------------------------------------- two people, one browser


async def test_a_session_of_another_person_makes_the_server_ask(harness: AppHarness) -> None:
    await harness.person()
    app, token = await harness.app(first_party=True), await token_of(harness)
    browser = await harness.signed_in()
    moved = await browser.get(AUTHORIZE, params={**asking(app), "token": token})
    page = await browser.get(moved.headers["location"])
    assert page.status_code == 200
    assert "Gia Example" in page.text
    assert "Ann Example" not in page.text
    silent = await browser.get(AUTHORIZE, params=asking(app, prompt="none"), headers=bearing(token))
    assert response_of(silent).parameters["error"] == "consent_required"


async def test_a_session_of_the_same_person_changes_nothing(harness: AppHarness) -> None:
    app, token = await harness.app(first_party=True), await token_of(harness)
    (user,) = await harness.context.stores.users.users()
    cookie = await harness.context.sessions.start(
        user, methods=("pwd",), address="192.0.2.7", agent="a test", replaces=None
    )
    browser = harness.browser()
    browser.cookies.set("__Host-quantimodo_session", cookie.reveal(), domain="id.example.org")
    moved = await browser.get(AUTHORIZE, params={**asking(app), "token": token})
    assert "code" in response_of(await browser.get(moved.headers["location"])).parameters


async def test_the_session_of_another_person_never_answers_for_the_page(
    harness: AppHarness,
) -> None:
    """The page named the account of the JWT; when that has expired, no other account counts."""
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    moved = await browser.get(AUTHORIZE, params={**asking(app), "token": await token_of(harness)})
    page = await browser.get(moved.headers["location"])
    harness.advance(minutes=11)
    late = await harness.decide(browser, page)
    assert late.headers["location"].startswith("/sign-in?")
    assert not harness.rows()["codes"]
    assert not harness.rows()["consents"]


async def test_without_its_mark_a_form_counts_for_the_session_alone(harness: AppHarness) -> None:
    app, browser = await harness.app(), harness.browser()
    moved = await browser.get(AUTHORIZE, params={**asking(app), "token": await token_of(harness)})
    page = await browser.get(moved.headers["location"])
    fields = form_fields(page.text)
    assert fields.pop("identity") == "login_token"
    response = await browser.post(DECISION, data={**fields, "decision": "allow"})
    assert response.headers["location"].startswith("/sign-in?")
    assert not harness.rows()["codes"]


async def test_use_another_account_discards_the_jwt(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(), harness.browser()
    moved = await browser.get(AUTHORIZE, params={**asking(app), "token": await token_of(harness)})
    page = await browser.get(moved.headers["location"])
    (link,) = [
        part.split('"')[0].replace("&amp;", "&")
        for part in page.text.split('href="')
        if "switch=1" in part.split('"')[0]
    ]
    switched = await browser.get(link)
    assert not cookies_of(browser)
    back = await harness.sign_in(browser, address=switched.headers["location"])
    page = await browser.get(back)
    assert "Ann Example" in page.text
    assert "Gia Example" not in page.text
    response = response_of(await harness.decide(browser, page))
    tokens = (await harness.redeem(app, response.code)).json()
    me = await harness.call(tokens["access_token"], ME)
    assert me.json()["displayName"] == "Ann Example"


async def test_an_app_that_changed_behind_the_page_is_shown_again_for_the_same_person(
    harness: AppHarness,
) -> None:
    app, browser = await harness.app(), harness.browser()
    moved = await browser.get(AUTHORIZE, params={**asking(app), "token": await token_of(harness)})
    page = await browser.get(moved.headers["location"])
    await harness.register_again(app, name="Another Name")
    again = await harness.decide(browser, page)
    page = await browser.get(again.headers["location"])
    assert "Another Name" in page.text
    assert "Gia Example" in page.text
    assert "code" in response_of(await harness.decide(browser, page)).parameters


async def test_a_new_sign_in_is_done_on_the_page(harness: AppHarness) -> None:
    app, token = await harness.app(first_party=True), await token_of(harness)
    for changes, minutes in (({"prompt": "login"}, 1), ({"max_age": "60"}, 1)):
        harness.advance(minutes=minutes)
        browser = harness.browser()
        moved = await browser.get(AUTHORIZE, params={**asking(app, **changes), "token": token})
        response = await browser.get(moved.headers["location"])
        assert response.headers["location"].startswith("/sign-in?")
        assert not cookies_of(browser)


# --------------------------------------------------------------------------------- in the header


async def test_a_jwt_in_the_header_is_the_person_of_this_request(harness: AppHarness) -> None:
    app, token = await harness.app(first_party=True), await token_of(harness)
    browser = harness.browser()
    for path in (AUTHORIZE, ALIAS):
        response = await browser.get(path, params=asking(app), headers=bearing(token))
        assert "code" in response_of(response).parameters
    posted = await browser.post(AUTHORIZE, data=asking(app), headers=bearing(token))
    assert "code" in response_of(posted).parameters
    assert not cookies_of(browser)
    without = await browser.get(AUTHORIZE, params=asking(app))
    assert without.headers["location"].startswith("/sign-in?")


async def test_where_the_person_is_asked_it_lasts_until_the_response(harness: AppHarness) -> None:
    """As an app has it that opens a web view with the header."""
    app, browser = await harness.app(), harness.browser()
    headers = bearing(await token_of(harness))
    page = await browser.get(AUTHORIZE, params=asking(app), headers=headers)
    assert "Gia Example" in page.text
    assert "code" in response_of(await harness.decide(browser, page)).parameters
    assert not cookies_of(browser)


async def test_an_invalid_login_jwt_counts_as_absent(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(first_party=True, token_format="jwt")
    tokens = await harness.tokens(app, await harness.signed_in(), scope="openid basic")
    good = await token_of(harness)
    bad = [
        "",
        " ",
        "a.b.c",
        "x" * 9000,
        good[:-4] + "AAAA",
        good + ".",
        f"{good} {good}",
        tokens["access_token"],
        tokens["id_token"],
        tokens["refresh_token"],
    ]
    for token in bad:
        for headers in (bearing(token), bearing(token, **JSON)):
            response = await harness.browser().get(AUTHORIZE, params=asking(app), headers=headers)
            if "accept" in headers:
                assert response.status_code == 401
                assert response.json()["error"]["code"] == "login_required"
            else:
                assert response.headers["location"].startswith("/sign-in?")
    twice = [("authorization", f"Bearer {good}"), ("authorization", f"Bearer {good}")]
    response = await harness.browser().get(AUTHORIZE, params=asking(app), headers=twice)
    assert response.headers["location"].startswith("/sign-in?")


async def test_two_different_tokens_are_refused(harness: AppHarness) -> None:
    app = await harness.app(first_party=True)
    gia, bea = await token_of(harness), await token_of(harness, "bea")
    response = await harness.browser().get(
        AUTHORIZE, params={**asking(app), "token": bea}, headers=bearing(gia)
    )
    assert response_of(response).parameters["error"] == "invalid_request"
    assert not harness.rows()["codes"]


async def test_the_jwt_ends_after_ten_minutes(harness: AppHarness) -> None:
    app, token = await harness.app(first_party=True), await token_of(harness)
    harness.advance(minutes=9, seconds=59)
    assert (await ask_json(harness, app, token)).status_code == 200
    harness.advance(seconds=1)
    assert (await ask_json(harness, app, token)).status_code == 401


async def test_a_revoked_jwt_and_one_of_a_disabled_or_deleted_person_are_refused(
    harness: AppHarness,
) -> None:
    app = await harness.app(first_party=True)
    revoked = await token_of(harness)
    context = harness.context
    logins = login_tokens(context)
    found = await logins.verify(revoked)
    assert found is not None
    await logins.revoke(found.jti)
    assert (await ask_json(harness, app, revoked)).status_code == 401
    token = await token_of(harness)
    assert (await ask_json(harness, app, token)).status_code == 200
    (user,) = await harness.context.stores.users.users()
    await harness.context.accounts.administration.disable(user.id)
    assert (await ask_json(harness, app, token)).status_code == 401
    await harness.context.accounts.administration.enable(user.id)
    assert (await ask_json(harness, app, token)).status_code == 200
    await harness.context.stores.users.delete_user(user.id, harness.context.clock.now())
    assert (await ask_json(harness, app, token)).status_code == 401


async def test_a_jwt_ends_with_the_identity_that_it_came_by(
    harness: AppHarness, google: FakeUpstream
) -> None:
    app = await harness.app(first_party=True)
    token = await token_of(harness)
    assert (await ask_json(harness, app, token)).status_code == 200
    who = google.people["gia"]
    await security_event_handler(harness.context).end(who.issuer, who.subject)
    assert (await ask_json(harness, app, token)).status_code == 401


async def test_a_jwt_that_came_by_an_app_is_good_for_no_other_app(harness: AppHarness) -> None:
    app = await harness.app(first_party=True)
    other = await harness.app(first_party=True, redirect_uris=("https://other.example.org/cb",))
    token = await login_token(harness, redirectUrl=CALLBACK)
    assert (await ask_json(harness, app, token)).status_code == 200
    elsewhere = {"redirect_uri": "https://other.example.org/cb"}
    assert (await ask_json(harness, other, token, **elsewhere)).status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": f"{ISSUER}/api"},
        {"aud": [f"{ISSUER}{AUTHORIZE}"]},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"typ": "at+jwt"},
        {"typ": "JWT"},
        {"typ": ""},
    ],
)
async def test_a_jwt_of_our_key_but_of_another_kind_is_refused(
    harness: AppHarness, changes: dict[str, Any]
) -> None:
    changes = dict(changes)
    app, token = await harness.app(first_party=True), await token_of(harness)
    signer = harness.context.keyring.signer("ES256")
    claims = claims_of(token)
    assert (await ask_json(harness, app, signer.sign(claims, "login+jwt"))).status_code == 200
    typ = changes.pop("typ", "login+jwt")
    other = signer.sign({**claims, **changes}, typ)
    assert (await ask_json(harness, app, other)).status_code == 401


# ------------------------------------------------------------------------ callers without a browser


async def test_a_caller_without_a_browser_gets_the_code_as_json(harness: AppHarness) -> None:
    app, token = await harness.app(first_party=True), await token_of(harness)
    response = await ask_json(harness, app, token)
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert body["success"] is True
    assert body["data"].keys() == {"code", "state", "iss", "redirectUri"}
    assert body["data"]["state"] == "some-state"
    address = body["data"]["redirectUri"]
    assert address.startswith(f"{CALLBACK}?code=")
    assert query_of(address)["code"] == body["data"]["code"]
    tokens = await harness.redeem(app, body["data"]["code"])
    assert tokens.status_code == 200


async def test_where_the_person_must_be_asked_it_is_a_403_with_an_address(
    harness: AppHarness,
) -> None:
    app, token = await harness.app(), await token_of(harness)
    for changes in ({}, {"prompt": "consent"}, {"prompt": "none"}):
        response = await ask_json(harness, app, token, **changes)
        assert response.status_code == 403
        error = response.json()["error"]
        assert error["code"] == "interaction_required"
        assert error["interactionUrl"].startswith(f"{ISSUER}{AUTHORIZE}?")
        assert token not in response.text
    assert not harness.rows()["codes"]
    # Consent on record: asked no more.
    await consented(harness, app, token, harness.browser())
    assert (await ask_json(harness, app, token)).status_code == 200
    wider = await ask_json(harness, app, token, scope="basic readmeasurements")
    assert wider.status_code == 403


async def test_consent_of_a_public_app_on_a_device_is_never_skipped(harness: AppHarness) -> None:
    # RFC 8252 §8.6, docs/decisions/0006
    uri = "com.example.app:/callback"
    app = await harness.app(public=True, redirect_uris=(uri, CALLBACK))
    token = await token_of(harness)
    for on_the_web in (403, 200):
        assert (await ask_json(harness, app, token)).status_code == on_the_web
        assert (await ask_json(harness, app, token, redirect_uri=uri)).status_code == 403
        if on_the_web == 403:
            await consented(harness, app, token, harness.browser())


async def test_a_required_new_sign_in_is_a_401_with_an_address(harness: AppHarness) -> None:
    app, token = await harness.app(first_party=True), await token_of(harness)
    harness.advance(minutes=2)
    for changes in ({"prompt": "login"}, {"max_age": "60"}, {"max_age": "60", "prompt": "none"}):
        response = await ask_json(harness, app, token, **changes)
        assert response.status_code == 401, changes
        assert response.json()["error"]["code"] == "login_required"


async def test_faults_are_json_and_no_redirect(harness: AppHarness) -> None:
    app, token = await harness.app(first_party=True), await token_of(harness)
    for changes, code in (
        ({"scope": "nonsense"}, "invalid_scope"),
        ({"response_type": "nonsense"}, "unsupported_response_type"),
        ({"response_type": "token"}, "unauthorized_client"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"request": "x"}, "invalid_request_object"),
    ):
        response = await ask_json(harness, app, token, **changes)
        assert response.status_code == 400, response.text
        assert "location" not in response.headers
        assert response.json()["error"]["code"] == code


async def test_tokens_come_in_the_fragment_of_the_address(harness: AppHarness) -> None:
    app = await harness.app(first_party=True, response_types=frozenset({"token", "code"}))
    response = await ask_json(harness, app, await token_of(harness), response_type="token")
    data = response.json()["data"]
    assert data["redirectUri"].startswith(f"{CALLBACK}#access_token=")
    assert (await harness.call(data["access_token"], ME)).status_code == 200
    posted = await ask_json(harness, app, await token_of(harness), response_mode="form_post")
    assert posted.json()["data"]["redirectUri"] == CALLBACK


async def test_the_whole_way_of_2016_without_a_browser(harness: AppHarness) -> None:
    """Native sign-in, the JWT as a header, a code, tokens, the person's own data."""
    app, browser = await harness.app(first_party=True), harness.browser()
    native = await browser.get(
        "/api/v2/auth/social/authorizeToken",
        params={"provider": "google", "accessToken": "gia"},
        headers=bearing("", **JSON),
    )
    token = native.json()["data"]["token"]
    requested = {"clientId": app.id, "clientSecret": app.secret or "", "responseType": "code"}
    response = await browser.get(AUTHORIZE, params=requested, headers=bearing(token, **JSON))
    query = {
        "clientId": app.id,
        "clientSecret": app.secret or "",
        "grantType": "authorization_code",
        "code": response.json()["data"]["code"],
    }
    tokens = await browser.get("/api/v2/oauth2/access_token", params=query, headers=bearing(token))
    me = await harness.call(tokens.json()["access_token"], ME)
    assert me.json()["displayName"] == "Gia Example"


async def test_a_pushed_request_gives_one_code_to_a_caller_of_json(harness: AppHarness) -> None:
    app, headers = await harness.app(first_party=True), bearing(await token_of(harness), **JSON)
    pushed = await harness.post("/api/v2/oauth2/par", app, asking(app))
    sent = {"client_id": app.id, "request_uri": pushed.json()["request_uri"]}
    browser = harness.browser()
    assert (await browser.head(AUTHORIZE, params=sent, headers=headers)).status_code == 200
    calls = [browser.get(AUTHORIZE, params=sent, headers=headers) for _ in range(3)]
    responses = await asyncio.gather(*calls)
    assert sorted(each.status_code for each in responses) == [200, 400, 400]
    (given,) = [each.json()["data"] for each in responses if each.status_code == 200]
    assert given["state"] == "some-state"
    assert (await harness.redeem(app, given["code"])).status_code == 200
    refused = {each.json()["error"]["code"] for each in responses if each.status_code == 400}
    assert refused <= {"invalid_request", "invalid_request_uri"}


@pytest.mark.parametrize("where", ["header", "address"])
async def test_beside_a_request_object_that_stands_alone_a_jwt_in_the_header_counts(
    harness: AppHarness, where: str
) -> None:
    """RFC 9101 §6.3: a parameter beside the object does not count, and a header is none."""
    key = make_key("ES256")
    app = await registered(harness, {"jwks": key_set(key), "require_signed_request_object": True})
    token, browser = await token_of(harness), harness.browser()
    claims = {"iss": app.id, "aud": ISSUER, **asking(app)}
    parameters = {"client_id": app.id, "request": signed(claims, key, "ES256")}
    if where == "header":
        response = await browser.get(AUTHORIZE, params=parameters, headers=bearing(token, **JSON))
    else:
        response = await browser.get(AUTHORIZE, params={**parameters, "token": token}, headers=JSON)
    code = response.json().get("error", {}).get("code")
    expected = {"header": (200, None), "address": (401, "login_required")}
    assert (response.status_code, code) == expected[where]
