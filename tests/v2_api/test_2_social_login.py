"""v2-api.md §2: social login in a browser, from the application's link to the login envelope."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest

from quantimodo.app.composition.social import security_event_handler
from quantimodo.app.settings.reading import BadSettings
from quantimodo.crypto.tokens import Kind, key_of
from quantimodo.outbound.errors import InvalidProviderResponse, ProviderUnavailable
from support.app import (
    CALLBACK,
    CHALLENGE,
    ISSUER,
    VERIFIER,
    AppHarness,
    OpenHarness,
    form_fields,
    response_of,
)
from support.fake_provider import (
    AUTHORIZE_CODE,
    BACK,
    LOGIN,
    FakeUpstream,
    begin_linking,
    brought,
    is_page,
    login_code,
    login_state_cookies,
    profile,
    redeem_login,
    send_callback,
    sign_in_upstream,
    sign_in_with,
    start_upstream_login,
    state_of,
)

APP = "https://app.example.org"
OWN = "https://www.example.org/signed-in"
DOWN = ProviderUnavailable("The sign-in provider cannot answer now.", because="no response")
INVALID = InvalidProviderResponse("The sign-in provider sent a response that cannot be used.")


@pytest.fixture
def google() -> FakeUpstream:
    return FakeUpstream(people={"gia": profile(), "bea": profile(subject="2", name="Bea Example")})


@pytest.fixture
def facebook() -> FakeUpstream:
    people = {"gia": profile("facebook", name="Gia Example")}
    return FakeUpstream("facebook", "Facebook", people=people)


@pytest.fixture
def apple() -> FakeUpstream:
    return FakeUpstream(
        "apple", "Apple", responds_by_form_post=True, people={"gia": profile("apple")}
    )


@pytest.fixture
async def harness(
    open_harness: OpenHarness, google: FakeUpstream, facebook: FakeUpstream, apple: FakeUpstream
) -> AsyncIterator[AppHarness]:
    async with open_harness([google, facebook, apple], social_redirect_urls=OWN) as opened:
        yield opened


# ---------------------------------------------------------------- the whole flow, and its response


async def test_a_person_comes_back_with_a_code_for_a_jwt(harness: AppHarness) -> None:
    await harness.app()
    parameters = brought(await sign_in_upstream(harness.browser(), state="app-state"))
    assert parameters.keys() == {"code", "state"}
    assert parameters["state"] == "app-state"
    assert key_of(Kind.LOGIN_CODE, parameters["code"])
    response = await redeem_login(harness, parameters["code"])
    assert response.status_code == 200
    data = response.json()["data"]
    assert data["newUser"] is True
    assert data["user"]["displayName"] == "Gia Example"


async def test_the_same_person_comes_back_to_the_same_account(harness: AppHarness) -> None:
    await harness.app()
    users = []
    for _ in range(2):
        response = await redeem_login(harness, await login_code(harness))
        users.append((response.json()["data"]["newUser"], response.json()["data"]["user"]["id"]))
    assert [new for new, _ in users] == [True, False]
    assert users[0][1] == users[1][1]


async def test_the_browser_is_sent_away_bound_to_state_and_cookie(
    harness: AppHarness, google: FakeUpstream
) -> None:
    await harness.app()
    browser = harness.browser()
    started_login = await start_upstream_login(browser)
    assert started_login.headers["location"].startswith("https://google.example/authorize?")
    assert started_login.headers["cache-control"] == "no-store"
    assert started_login.headers["referrer-policy"] == "no-referrer"
    (authorization_context,) = google.contexts
    assert authorization_context.redirect_uri == f"{ISSUER}{BACK}/google"
    assert len(authorization_context.state.reveal()) > 40
    assert len(authorization_context.nonce) >= 43
    assert 43 <= len(authorization_context.verifier.reveal()) <= 128
    (cookie,) = started_login.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-quantimodo_login_state_")
    for attribute in ("HttpOnly", "Secure", "SameSite=lax", "Path=/", "Max-Age=600"):
        assert attribute in cookie
    assert authorization_context.state.reveal() not in cookie
    secrets = (
        authorization_context.verifier.reveal(),
        authorization_context.nonce,
        authorization_context.state.reveal(),
    )
    for secret in (*secrets, *login_state_cookies(browser).values()):
        assert secret not in str(harness.rows())


async def test_a_response_that_comes_as_a_form_of_another_site_brings_its_cookie(
    harness: AppHarness,
) -> None:
    await harness.app()
    browser = harness.browser()
    started_login = await start_upstream_login(browser, "apple")
    (cookie,) = started_login.headers.get_list("set-cookie")
    assert "SameSite=none" in cookie
    assert "Secure" in cookie
    fields = {"state": state_of(started_login), "code": "gia", "user": '{"name": "Zoë"}'}
    response = await browser.post(f"{BACK}/apple", data=fields)
    assert "code" in brought(response)


async def test_no_session_comes_of_a_login_of_an_app(harness: AppHarness) -> None:
    await harness.app()
    browser = harness.browser()
    await sign_in_upstream(browser)
    assert (await browser.get("/account")).headers["location"].startswith("/sign-in?")
    assert not harness.rows()["sessions"]


async def test_the_cookie_of_the_way_is_gone_at_its_end(harness: AppHarness) -> None:
    await harness.app()
    browser = harness.browser()
    await sign_in_upstream(browser)
    assert not login_state_cookies(browser)
    await send_callback(
        browser, state_of(await start_upstream_login(browser)), error="access_denied"
    )
    assert not login_state_cookies(browser)


async def test_two_tabs_do_not_disturb_each_other(harness: AppHarness) -> None:
    await harness.app()
    browser = harness.browser()
    first = state_of(await start_upstream_login(browser, state="1"))
    second = state_of(await start_upstream_login(browser, "facebook", state="2"))
    assert brought(await send_callback(browser, first))["state"] == "1"
    assert brought(await send_callback(browser, second, "facebook"))["state"] == "2"


async def test_unfinished_logins_do_not_fill_the_browser(harness: AppHarness) -> None:
    await harness.app()
    browser = harness.browser()
    states = []
    for _ in range(12):
        states.append(state_of(await start_upstream_login(browser)))
        harness.advance(seconds=1)
    assert len(login_state_cookies(browser)) <= 6
    assert "code" in brought(await send_callback(browser, states[-1]))
    is_page(await send_callback(browser, states[0]))


async def test_the_query_of_the_redirect_url_is_kept(harness: AppHarness) -> None:
    url = f"{APP}/cb?tab=2&x=%20y"
    await harness.app(redirect_uris=(url,))
    response = await sign_in_upstream(harness.browser(), redirectUrl=url, state="a&b=c é")
    location = response.headers["location"]
    assert location.startswith(f"{url}&code=")
    assert brought(response, APP)["state"] == "a&b=c é"


async def test_an_address_of_an_app_on_a_phone_is_kept_exactly(
    harness: AppHarness,
) -> None:
    url = "org.example.app:/signed-in"
    await harness.app(redirect_uris=(url,))
    location = (await sign_in_upstream(harness.browser(), redirectUrl=url)).headers["location"]
    assert location.startswith(f"{url}?code=qml_")


async def test_both_spellings_are_taken(harness: AppHarness) -> None:
    app = await harness.app()
    browser = harness.browser()
    for query in (
        {"redirectUrl": CALLBACK, "clientId": app.id},
        {"redirect_url": CALLBACK, "client_id": app.id},
        {"redirectUrl": CALLBACK, "redirect_url": CALLBACK},
    ):
        response = await browser.get(LOGIN, params={"provider": "google", **query})
        assert response.headers["location"].startswith("https://google.example/"), query


# --------------------------------------------------------------------- where a login may lead to


async def test_the_port_of_a_loopback_address_may_differ(harness: AppHarness) -> None:
    await harness.app(redirect_uris=("http://127.0.0.1:4000/cb", "http://[::1]/cb"))
    for url in ("http://127.0.0.1:5123/cb", "http://127.0.0.1/cb", "http://[::1]:5123/cb"):
        assert "code" in brought(await sign_in_upstream(harness.browser(), redirectUrl=url), url)


async def test_the_server_s_own_addresses_are_registered(harness: AppHarness) -> None:
    assert "code" in brought(await sign_in_upstream(harness.browser(), redirectUrl=OWN), OWN)
    is_page(await start_upstream_login(harness.browser(), redirectUrl=f"{OWN}/"))


@pytest.mark.parametrize("url", ["javascript:alert(1)", f"{OWN}#x", "https://*.example.org/", "x"])
def test_an_operator_s_address_that_is_not_a_redirect_uri_is_a_fault(
    open_harness: OpenHarness, url: str
) -> None:
    with pytest.raises(BadSettings, match="SOCIAL_REDIRECT_URLS"):
        open_harness(social_redirect_urls=f"{OWN},{url}")


async def test_an_address_of_a_disabled_or_deleted_app_is_not_registered(
    harness: AppHarness,
) -> None:
    app = await harness.app()
    await harness.disable(app)
    is_page(await start_upstream_login(harness.browser()))
    is_page(await start_upstream_login(harness.browser(), clientId=app.id))
    await harness.register_again(app, disabled_at=None)
    assert (await start_upstream_login(harness.browser())).status_code == 303
    assert await harness.context.stores.clients.delete_client(app.id)
    is_page(await start_upstream_login(harness.browser()))


async def test_with_clientid_only_the_addresses_of_that_app_count(harness: AppHarness) -> None:
    app, other = await harness.app(), await harness.app(redirect_uris=(f"{APP}/other",))
    assert (await start_upstream_login(harness.browser(), clientId=app.id)).status_code == 303
    is_page(await start_upstream_login(harness.browser(), clientId=other.id))
    is_page(await start_upstream_login(harness.browser(), clientId="unknown"))
    own = await start_upstream_login(harness.browser(), clientId=app.id, redirectUrl=OWN)
    assert own.status_code == 303


async def test_an_address_that_another_app_registered_too_still_works(harness: AppHarness) -> None:
    app, _ = await harness.app(), await harness.app(name="Another app")
    response = await redeem_login(harness, await login_code(harness), clientId=app.id)
    assert response.status_code == 200


async def test_an_unknown_provider_is_a_page_that_names_the_known_ones(harness: AppHarness) -> None:
    await harness.app()
    for provider in ("twitter", "Google", "<script>", "../google"):
        response = await start_upstream_login(harness.browser(), provider)
        assert is_page(response)
        assert "apple, facebook, google" in response.text
        assert "script>" not in response.text


async def test_without_providers_there_is_nothing_to_choose(open_harness: OpenHarness) -> None:
    async with open_harness([]) as harness:
        await harness.app()
        response = await start_upstream_login(harness.browser())
        assert is_page(response)
        assert "No sign-in provider is set up" in response.text


async def test_a_request_that_lacks_something_is_a_page(harness: AppHarness) -> None:
    await harness.app()
    for changes in (
        {"provider": None},
        {"provider": ""},
        {"redirectUrl": None},
        {"redirectUrl": ""},
        {"redirect_url": "https://evil.example/"},
        {"code_challenge": CHALLENGE},
        {"code_challenge": CHALLENGE, "code_challenge_method": "plain"},
        {"code_challenge": "short", "code_challenge_method": "S256"},
        {"code_challenge_method": "S256"},
        {"state": "a\0b"},
        {"state": "x" * 9000},
    ):
        requested = {"provider": "google", "redirectUrl": CALLBACK, **changes}
        query = {name: value for name, value in requested.items() if value is not None}
        assert is_page(await harness.browser().get(LOGIN, params=query)), changes


async def test_a_parameter_that_is_given_twice_is_a_page(harness: AppHarness) -> None:
    await harness.app()
    whole = urlencode({"provider": "google", "redirectUrl": CALLBACK})
    for more in ("provider=google", f"redirectUrl={quote(CALLBACK)}", "state=a&state=b"):
        assert is_page(await harness.browser().get(f"{LOGIN}?{whole}&{more}")), more


async def test_a_caller_that_takes_no_page_gets_the_refusal_as_json(harness: AppHarness) -> None:
    response = await harness.browser().get(
        LOGIN, params={"provider": "google"}, headers={"accept": "application/json"}
    )
    assert response.status_code == 400
    assert response.json()["success"] is False
    assert response.json()["error"]["code"] == "invalid_request"


async def test_a_strict_app_must_use_pkce(harness: AppHarness) -> None:
    await harness.app(strict=True)
    is_page(await start_upstream_login(harness.browser()))
    challenge = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    assert (await start_upstream_login(harness.browser(), **challenge)).status_code == 303


async def test_too_many_upstream_logins_from_one_address_are_stopped(
    open_harness: OpenHarness,
) -> None:
    async with open_harness(
        [FakeUpstream()], limits__upstream_logins_per_address="3 per 15m"
    ) as harness:
        await harness.app()
        for _ in range(3):
            assert (await start_upstream_login(harness.browser())).status_code == 303
        stopped = await start_upstream_login(harness.browser())
        assert stopped.status_code == 429
        assert "retry-after" in stopped.headers
        assert len(harness.rows()["login_states"]) == 3


# -------------------------------------------------------------- errors that the app receives


async def test_a_person_who_refuses_at_the_provider_returns_with_access_denied(
    harness: AppHarness,
) -> None:
    await harness.app()
    browser = harness.browser()
    state = state_of(await start_upstream_login(browser, state="app-state"))
    parameters = brought(await send_callback(browser, state, error="access_denied"))
    assert parameters["error"] == "access_denied"
    assert parameters["error_description"]
    assert parameters["state"] == "app-state"
    assert "code" not in parameters


async def test_a_provider_that_is_down_is_temporarily_unavailable(
    harness: AppHarness, google: FakeUpstream
) -> None:
    await harness.app()
    browser = harness.browser()
    state = state_of(await start_upstream_login(browser))
    google.fault = DOWN
    parameters = brought(await send_callback(browser, state))
    assert parameters["error"] == "temporarily_unavailable"
    google.out_of_reach = DOWN
    parameters = brought(await start_upstream_login(browser, state="s"))
    assert parameters == {
        "error": "temporarily_unavailable",
        "error_description": DOWN.message,
        "state": "s",
    }


async def test_whatever_else_the_provider_does_is_a_server_error(
    harness: AppHarness, google: FakeUpstream
) -> None:
    await harness.app()
    browser = harness.browser()
    unknown = await sign_in_upstream(browser, code="unknown")
    assert brought(unknown)["error"] == "server_error"
    google.fault = INVALID
    assert brought(await sign_in_upstream(browser))["error"] == "server_error"


async def test_a_disabled_person_is_denied(harness: AppHarness) -> None:
    await harness.app()
    user = (await redeem_login(harness, await login_code(harness))).json()["data"]["user"]
    await harness.context.accounts.administration.disable(user["id"])
    assert brought(await sign_in_upstream(harness.browser()))["error"] == "access_denied"


async def test_with_closed_sign_up_a_stranger_is_denied(
    open_harness: OpenHarness, google: FakeUpstream
) -> None:
    async with open_harness([google], sign_up="closed") as harness:
        await harness.app()
        assert brought(await sign_in_upstream(harness.browser()))["error"] == "access_denied"
        assert not harness.rows()["users"]


# ----------------------------------------------------------------- the way back (security.md §25)


async def test_a_posted_response_must_be_a_form(harness: AppHarness) -> None:
    await harness.app()
    browser = harness.browser()
    response = {"state": state_of(await start_upstream_login(browser, "apple")), "code": "gia"}
    assert is_page(await browser.post(f"{BACK}/apple", json=response))
    assert is_page(await browser.post(f"{BACK}/apple"))


async def test_an_address_of_no_provider_is_not_there(harness: AppHarness) -> None:
    assert is_page(await harness.browser().get(f"{BACK}/unknown?code=x&state=y"), 404)
    assert is_page(await harness.browser().get("/sign-in/with/unknown"), 404)


# ---------------------------------------------------------------------- the code (v2-api.md §2.5)


async def refused(response: httpx.Response, code: str = "invalid_grant", status: int = 400) -> None:
    assert response.status_code == status, response.text
    body = response.json()
    assert body["success"] is False
    assert body["status"] == "error"
    assert body["error"]["code"] == code
    assert body["message"] == body["error"]["message"]
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"


async def test_a_code_used_twice_is_refused_and_ends_the_jwt_of_the_first_use(
    harness: AppHarness,
) -> None:
    app = await harness.app(first_party=True)
    code = await login_code(harness)
    token = (await redeem_login(harness, code)).json()["data"]["token"]
    headers = {"accept": "application/json", "authorization": f"Bearer {token}"}
    query = {"client_id": app.id, "response_type": "code"}
    path = "/api/v2/oauth/authorize"
    assert (await harness.browser().get(path, params=query, headers=headers)).status_code == 200
    await refused(await redeem_login(harness, code))
    assert (await harness.browser().get(path, params=query, headers=headers)).status_code == 401


async def test_a_second_use_ends_the_jwt_even_when_the_code_has_expired(
    harness: AppHarness,
) -> None:
    await harness.app()
    code = await login_code(harness)
    assert (await redeem_login(harness, code)).status_code == 200
    assert not harness.rows()["revoked_jwts"]
    harness.advance(minutes=2)
    await refused(await redeem_login(harness, code))
    assert len(harness.rows()["revoked_jwts"]) == 1


async def test_a_code_lives_for_a_minute(harness: AppHarness) -> None:
    await harness.app()
    first, second = await login_code(harness), await login_code(harness)
    harness.advance(seconds=59)
    assert (await redeem_login(harness, first)).status_code == 200
    harness.advance(seconds=1)
    await refused(await redeem_login(harness, second))


async def test_a_code_is_good_for_its_own_provider_only(harness: AppHarness) -> None:
    await harness.app()
    code = await login_code(harness)
    await refused(await redeem_login(harness, code, provider="facebook"))
    assert (await redeem_login(harness, code)).status_code == 200


async def test_a_code_is_good_for_its_own_app_only(harness: AppHarness) -> None:
    app, other = await harness.app(), await harness.app(redirect_uris=(f"{APP}/other",))
    for requested in ({"clientId": app.id}, {}):
        code = await login_code(harness, **requested)
        await refused(await redeem_login(harness, code, clientId=other.id))
        assert (await redeem_login(harness, code, clientId=app.id)).status_code == 200
    assert not harness.rows()["revoked_jwts"]


async def test_a_challenge_must_be_answered(harness: AppHarness) -> None:
    await harness.app()
    challenge = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    code = await login_code(harness, **challenge)
    await refused(await redeem_login(harness, code))
    await refused(await redeem_login(harness, code, code_verifier=VERIFIER[::-1]))
    await refused(await redeem_login(harness, code, code_verifier="short"))
    assert (await redeem_login(harness, code, code_verifier=VERIFIER)).status_code == 200
    again = await login_code(harness, **challenge)
    assert (await redeem_login(harness, again, codeVerifier=VERIFIER)).status_code == 200


async def test_an_unexpected_verifier_is_refused(harness: AppHarness) -> None:
    await harness.app()
    code = await login_code(harness)
    await refused(await redeem_login(harness, code, code_verifier=VERIFIER))
    assert (await redeem_login(harness, code)).status_code == 200


async def test_codes_of_ours_never_go_to_a_provider(
    harness: AppHarness, google: FakeUpstream
) -> None:
    await harness.person()
    app = await harness.app()
    good = await login_code(harness)
    of_authorize = (await harness.authorize(await harness.signed_in(), app)).code
    for code in (good[:-1], good + "A", "qml_", of_authorize, "qma_x"):
        await refused(await redeem_login(harness, code))
    assert not google.requested


async def test_a_disabled_or_deleted_person_gets_no_jwt(harness: AppHarness) -> None:
    await harness.app()
    first = await redeem_login(harness, await login_code(harness))
    user_id = first.json()["data"]["user"]["id"]
    code, later = await login_code(harness), await login_code(harness)
    await harness.context.accounts.administration.disable(user_id)
    await refused(await redeem_login(harness, code), "access_denied", 403)
    await harness.context.stores.users.delete_user(user_id, harness.context.clock.now())
    response = await redeem_login(harness, later)
    assert response.status_code in (400, 403)
    assert response.json()["success"] is False


async def test_of_many_uses_at_once_none_leaves_a_jwt_that_works(harness: AppHarness) -> None:
    app = await harness.app(first_party=True)
    code = await login_code(harness)
    responses = await asyncio.gather(*(redeem_login(harness, code) for _ in range(5)))
    assert sorted(response.status_code for response in responses) == [200, 400, 400, 400, 400]
    (token,) = [a.json()["data"]["token"] for a in responses if a.status_code == 200]
    headers = {"accept": "application/json", "authorization": f"Bearer {token}"}
    query = {"client_id": app.id, "response_type": "code"}
    path = "/api/v2/oauth/authorize"
    assert (await harness.browser().get(path, params=query, headers=headers)).status_code == 401


# ------------------------------------------------------------ the provider's own code (v2-api.md
# §2.6)


async def test_a_code_of_the_provider_is_exchanged_there(
    harness: AppHarness, google: FakeUpstream
) -> None:
    await harness.app()
    response = await redeem_login(harness, "gia")
    assert response.status_code == 200
    assert response.json()["data"]["newUser"] is True
    assert (await redeem_login(harness, "gia", redirectUrl=CALLBACK)).status_code == 200
    assert google.requested == [("redeem", "gia", None), ("redeem", "gia", CALLBACK)]


async def test_a_code_of_the_provider_is_refused_with_an_unregistered_redirecturl(
    harness: AppHarness, google: FakeUpstream
) -> None:
    app = await harness.app()
    for changes in (
        {"redirectUrl": "https://evil.example/"},
        {"redirectUrl": f"{CALLBACK}/"},
        {"redirectUrl": OWN, "clientId": "unknown"},
        {"redirectUrl": f"{APP}/x", "clientId": app.id},
    ):
        await refused(await redeem_login(harness, "gia", **changes), "invalid_request")
    assert not google.requested


async def test_a_verifier_does_not_go_with_a_code_of_the_provider(
    harness: AppHarness, google: FakeUpstream
) -> None:
    await refused(await redeem_login(harness, "gia", code_verifier=VERIFIER))
    assert not google.requested


async def test_a_code_that_the_provider_does_not_take_is_refused(harness: AppHarness) -> None:
    await refused(await redeem_login(harness, "unknown"))


async def test_a_fault_of_a_provider_is_reported_by_its_status(
    harness: AppHarness, google: FakeUpstream
) -> None:
    google.fault = DOWN
    await refused(await redeem_login(harness, "gia"), "temporarily_unavailable", 503)
    google.fault = INVALID
    await refused(await redeem_login(harness, "gia"), "provider_error", 502)


async def test_an_address_may_not_ask_without_end(
    open_harness: OpenHarness, google: FakeUpstream
) -> None:
    async with open_harness([google], limits__upstream_logins_per_address="2 per 15m") as harness:
        for _ in range(2):
            await refused(await redeem_login(harness, "unknown"))
        stopped = await redeem_login(harness, "gia")
        await refused(stopped, "too_many_requests", 429)
        assert int(stopped.headers["retry-after"]) == 900


# --------------------------------------------------------------- the sign-in page and its session


async def test_the_sign_in_page_has_a_button_for_each_provider(harness: AppHarness) -> None:
    for path in ("/sign-in", "/sign-up"):
        page = await harness.browser().get(path, params={"return_to": "/developers"})
        for name, title in (("google", "Google"), ("facebook", "Facebook"), ("apple", "Apple")):
            assert f'href="/sign-in/with/{name}?return_to=/developers"' in page.text
            assert f"Continue with {title}" in page.text


async def test_without_providers_there_are_no_buttons(open_harness: OpenHarness) -> None:
    async with open_harness([]) as harness:
        assert "/sign-in/with/" not in (await harness.browser().get("/sign-in")).text


async def test_a_person_signs_in_with_a_provider_and_goes_on(harness: AppHarness) -> None:
    browser = harness.browser()
    arrived = await sign_in_with(browser)
    assert arrived.headers["location"] == "/account/profile"
    page = await browser.get("/account/profile")
    assert page.status_code == 200
    assert "Gia Example" in page.text


async def test_a_waiting_request_of_an_app_goes_on(harness: AppHarness) -> None:
    app, browser = await harness.app(), harness.browser()
    waits = (await harness.ask(browser, app)).headers["location"]
    page = await browser.get(waits)
    (link,) = [
        part.split('"')[0].replace("&amp;", "&")
        for part in page.text.split('href="')
        if part.startswith("/sign-in/with/google")
    ]
    arrived = await send_callback(browser, state_of(await browser.get(link)))
    consent = await browser.get(arrived.headers["location"])
    response = response_of(await harness.decide(browser, consent))
    assert (await harness.redeem(app, response.code)).status_code == 200


async def test_signing_in_begins_a_new_session_and_ends_the_one_before(harness: AppHarness) -> None:
    browser = harness.browser()
    await sign_in_with(browser)
    before = browser.cookies["__Host-quantimodo_session"]
    await sign_in_with(browser)
    after = browser.cookies["__Host-quantimodo_session"]
    assert before != after
    assert len(harness.rows()["sessions"]) == 1


async def test_a_new_sign_in_is_required_at_the_provider_too(
    harness: AppHarness, google: FakeUpstream
) -> None:
    app = await harness.app()
    browser = harness.browser()
    await sign_in_with(browser)
    await sign_in_with(browser)
    assert [authorization_context.fresh for authorization_context in google.contexts] == [
        False,
        True,
    ]
    for changes in ({"prompt": "login"}, {"max_age": "60"}, {}):
        stranger = harness.browser()
        waits = (await harness.ask(stranger, app, **changes)).headers["location"]
        await stranger.get(waits.replace("/sign-in?", "/sign-in/with/google?"))
        assert google.contexts[-1].fresh is bool(changes)


async def test_a_response_by_form_ends_the_session_before_too(harness: AppHarness) -> None:
    """A form of another site brings no session cookie along, so the way has one more step."""
    browser = harness.browser()
    await sign_in_with(browser)
    before = browser.cookies["__Host-quantimodo_session"]
    started_login = await browser.get("/sign-in/with/apple?return_to=/developers")
    session = browser.cookies.jar
    kept = [c for c in session if c.name == "__Host-quantimodo_session"]
    browser.cookies.delete("__Host-quantimodo_session")
    posted = await browser.post(
        f"{BACK}/apple", data={"state": state_of(started_login), "code": "gia"}
    )
    for cookie in kept:
        session.set_cookie(cookie)
    assert posted.status_code == 303
    assert "__Host-quantimodo_session" not in posted.headers.get("set-cookie", "")
    arrived = await browser.get(posted.headers["location"])
    assert arrived.headers["location"] == "/developers"
    assert browser.cookies["__Host-quantimodo_session"] != before
    assert is_page(await browser.get(posted.headers["location"]))
    stranger = harness.browser()
    assert is_page(await stranger.get(posted.headers["location"]))
    ended = await harness.context.sessions.current(before)
    assert ended is None


@pytest.mark.parametrize("kind", ["signed_out", "suspended"])
async def test_a_response_by_form_is_void_once_the_provider_signs_the_account_out(
    harness: AppHarness, kind: str
) -> None:
    """Sign-ins from before that time are void, and the stored profile is one of them."""
    await sign_in_with(harness.browser(), provider="apple")
    (user,) = await harness.context.stores.users.users()
    (identity,) = await harness.context.stores.identities.identities_of(user.id)
    browser = harness.browser()
    started_login = await browser.get("/sign-in/with/apple?return_to=/account/profile")
    sent = {"state": state_of(started_login), "code": "gia"}
    posted = await browser.post(f"{BACK}/apple", data=sent)
    harness.advance(minutes=1)
    handler = security_event_handler(harness.context)
    end = handler.sign_out if kind == "signed_out" else handler.suspend
    await end(identity.issuer, identity.subject)
    assert is_page(await browser.get(posted.headers["location"]), 403)
    assert "__Host-quantimodo_session" not in browser.cookies
    harness.advance(seconds=1)
    await sign_in_with(browser, provider="apple")
    assert "__Host-quantimodo_session" in browser.cookies


async def test_a_failure_at_the_provider_is_shown_on_a_page(
    harness: AppHarness, google: FakeUpstream
) -> None:
    browser = harness.browser()
    started_login = await browser.get("/sign-in/with/google?return_to=/developers")
    declined = await send_callback(browser, state_of(started_login), error="access_denied")
    assert is_page(declined, 403)
    assert 'href="/sign-in?return_to=/developers"' in declined.text
    browser.headers["accept-language"] = "de"
    state = state_of(await browser.get("/sign-in/with/google"))
    declined = await send_callback(browser, state, error="access_denied")
    assert "Die Anmeldung wurde beim Anbieter abgelehnt." in declined.text
    google.fault = DOWN
    assert is_page(await sign_in_with(browser), 503)
    google.out_of_reach = DOWN
    assert is_page(await browser.get("/sign-in/with/google"), 503)
    assert not harness.rows()["sessions"]


async def test_a_disabled_person_gets_no_session(harness: AppHarness) -> None:
    await sign_in_with(harness.browser())
    (user,) = await harness.context.stores.users.users()
    await harness.context.accounts.administration.disable(user.id)
    browser = harness.browser()
    assert is_page(await sign_in_with(browser), 403)
    assert "__Host-quantimodo_session" not in browser.cookies


# ------------------------------------------ an account with this address exists (v2-api.md §4)


@pytest.fixture
async def namesake(harness: AppHarness, google: FakeUpstream) -> Any:
    """Ann has an account, and another person comes from Google with her address, unverified."""
    google.people["gia"] = profile(email="ann@example.org", email_verified=True)
    return await harness.person()


async def linking_page(
    harness: AppHarness, browser: httpx.AsyncClient, **changes: str | None
) -> Any:
    waits = await sign_in_upstream(browser, **changes)
    assert waits.headers["location"].startswith("/sign-in/link?state=")
    return waits.headers["location"]


@pytest.mark.usefixtures("namesake")
async def test_an_address_alone_opens_no_account(harness: AppHarness) -> None:
    await harness.app()
    browser = harness.browser()
    page = await browser.get(await linking_page(harness, browser))
    assert page.status_code == 200
    assert "You have an account here already" in page.text
    assert 'id="link"' not in page.text
    assert not harness.rows()["identities"]
    assert not harness.rows()["login_codes"]


async def test_its_owner_signs_in_links_and_goes_on_to_the_app(
    harness: AppHarness, namesake: Any
) -> None:
    await harness.app()
    browser = harness.browser()
    linking = await linking_page(harness, browser, state="app-state")
    page = await browser.get(linking)
    (sign_in,) = [
        part.split('"')[0].replace("&amp;", "&")
        for part in page.text.split('href="')
        if part.startswith("/sign-in?return_to=")
    ]
    assert await harness.sign_in(browser, address=sign_in) == linking
    page = await browser.get(linking)
    assert "ann@example.org" in page.text
    assert "Link Google" in page.text
    assert "form-action 'self' https:;" in page.headers["content-security-policy"]
    fields = {**form_fields(page.text), "decision": "link"}
    parameters = brought(await browser.post("/sign-in/link", data=fields))
    assert parameters["state"] == "app-state"
    data = (await redeem_login(harness, parameters["code"])).json()["data"]
    assert (data["user"]["id"], data["newUser"]) == (namesake.id, False)
    # From now on the identity signs in to that account.
    assert "code" in brought(await sign_in_upstream(harness.browser()))
    # The page is over.
    assert is_page(await browser.get(linking))


async def test_its_owner_signs_in_links_and_goes_on_to_our_page(
    harness: AppHarness, namesake: Any
) -> None:
    browser = await harness.signed_in()
    waits = await sign_in_with(browser, return_to="/developers")
    page = await browser.get(waits.headers["location"])
    fields = {**form_fields(page.text), "decision": "link"}
    done = await browser.post("/sign-in/link", data=fields)
    assert done.headers["location"] == "/developers"
    (identity,) = await harness.context.social.identities(namesake.id)
    assert identity.issuer == "https://google.example"


@pytest.mark.usefixtures("namesake")
async def test_a_person_who_cancels_returns_with_access_denied(harness: AppHarness) -> None:
    await harness.app()
    browser = harness.browser()
    page = await browser.get(await linking_page(harness, browser))
    fields = {**form_fields(page.text), "decision": "cancel"}
    parameters = brought(await browser.post("/sign-in/link", data=fields))
    assert parameters["error"] == "access_denied"
    assert not harness.rows()["identities"]
    waits = await sign_in_with(browser, return_to="/developers")
    page = await browser.get(waits.headers["location"])
    fields = {**form_fields(page.text), "decision": "cancel"}
    gone = await browser.post("/sign-in/link", data=fields)
    assert gone.headers["location"] == "/sign-in?return_to=/developers"


@pytest.mark.usefixtures("namesake")
async def test_nothing_is_linked_without_a_sign_in_of_just_now(harness: AppHarness) -> None:
    await harness.app()
    browser = await harness.signed_in()
    harness.advance(minutes=11)
    linking = await linking_page(harness, browser)
    page = await browser.get(linking)
    assert 'id="link"' not in page.text
    fields = {**form_fields(page.text), "decision": "link"}
    assert (await browser.post("/sign-in/link", data=fields)).headers["location"] == linking
    stranger = harness.browser()
    assert not harness.rows()["identities"]
    assert is_page(await stranger.get(linking))


@pytest.mark.usefixtures("namesake")
async def test_a_waiting_profile_is_for_its_own_browser_and_its_own_hour(
    harness: AppHarness,
) -> None:
    await harness.app()
    browser = harness.browser()
    linking = await linking_page(harness, browser)
    for stranger in (harness.browser(), await harness.signed_in()):
        assert is_page(await stranger.get(linking))
        page = await stranger.get("/sign-in")
        csrf = form_fields(page.text)["csrf"]
        fields = {"csrf": csrf, "state": linking.partition("=")[2], "decision": "link"}
        assert is_page(await stranger.post("/sign-in/link", data=fields))
    assert not harness.rows()["identities"]
    assert is_page(await browser.get("/sign-in/link"))
    harness.advance(hours=1)
    assert is_page(await browser.get(linking))


@pytest.mark.usefixtures("namesake")
async def test_a_link_needs_a_form_of_ours(harness: AppHarness) -> None:
    await harness.app()
    browser = await harness.signed_in()
    page = await browser.get(await linking_page(harness, browser))
    fields = {**form_fields(page.text), "decision": "link"}
    for changes, headers in (
        ({"csrf": "x"}, {}),
        ({}, {"origin": "https://evil.example"}),
        ({}, {"sec-fetch-site": "cross-site"}),
    ):
        sent = {**fields, **changes}
        assert is_page(await browser.post("/sign-in/link", data=sent, headers=headers), 403)
    assert not harness.rows()["identities"]


@pytest.mark.usefixtures("namesake")
async def test_a_json_caller_gets_the_address_to_link(harness: AppHarness) -> None:
    response = await redeem_login(harness, "gia")
    await refused(response, "link_required", 403)
    assert response.json()["error"]["interactionUrl"] == f"{ISSUER}/account/identities"


# ------------------------------------------------------------------ what must not be written down


async def test_codes_and_tokens_in_addresses_are_in_no_log(
    harness: AppHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    await harness.app()
    browser = harness.browser()
    state = state_of(await start_upstream_login(browser, state="m4rked-state"))
    await send_callback(browser, state, code="m4rked-code")
    await redeem_login(harness, "m4rked-code")
    written = capsys.readouterr()
    assert "m4rked" not in written.out + written.err
    assert state not in written.out + written.err
    await harness.context.audit.flush()
    everything = json.dumps(harness.rows(), default=repr)
    assert "m4rked" not in everything


async def test_a_look_at_the_address_spends_no_code(harness: AppHarness) -> None:
    await harness.app()
    code = await login_code(harness)
    query = {"provider": "google", "code": code}
    looked = await harness.browser().head(AUTHORIZE_CODE, params=query)
    assert looked.status_code == 405
    assert (await redeem_login(harness, code)).status_code == 200


# ----------------------------------------------------------------- linking from /account/identities


async def test_a_person_links_an_identity_to_their_account(harness: AppHarness) -> None:
    person = await harness.person()
    browser = await harness.signed_in()
    page = await browser.get("/account/identities")
    assert "form-action 'self' https:;" in page.headers["content-security-policy"]
    back = await send_callback(browser, state_of(await begin_linking(browser)))
    assert back.headers["location"] == "/account/identities"
    (identity,) = await harness.context.social.identities(person.id)
    assert (identity.provider, identity.subject) == ("google", "108")
    assert "is linked" in (await browser.get("/account/identities")).text
    stranger = harness.browser()
    await sign_in_with(stranger)
    assert "Ann Example" in (await stranger.get("/account/profile")).text


async def test_nothing_is_linked_to_another_account_than_the_one_that_began(
    harness: AppHarness,
) -> None:
    """Whatever happened in the browser meanwhile: signed out, or another person signed in."""
    await harness.person()
    await harness.person("bob@example.org", "Bob Example")
    browser = await harness.signed_in()
    state = state_of(await begin_linking(browser))
    await harness.sign_in(browser, "bob@example.org")
    assert is_page(await send_callback(browser, state), 403)
    state = state_of(await begin_linking(browser))
    browser.cookies.delete("__Host-quantimodo_session")
    assert is_page(await send_callback(browser, state), 403)
    assert not harness.rows()["identities"]


async def test_a_session_that_replaced_the_one_that_began_does_not_count(
    harness: AppHarness,
) -> None:
    await harness.person()
    browser = await harness.signed_in()
    state = state_of(await begin_linking(browser))
    await harness.sign_in(browser)
    assert is_page(await send_callback(browser, state), 403)
    assert not harness.rows()["identities"]


async def test_an_identity_of_another_account_is_not_taken_away(harness: AppHarness) -> None:
    await sign_in_with(harness.browser())
    person = await harness.person()
    browser = await harness.signed_in()
    assert is_page(await send_callback(browser, state_of(await begin_linking(browser))), 403)
    assert not await harness.context.social.identities(person.id)


async def test_a_response_by_form_links_after_one_more_step(harness: AppHarness) -> None:
    person = await harness.person()
    browser = await harness.signed_in()
    state = state_of(await begin_linking(browser, "apple"))
    posted = await browser.post(f"{BACK}/apple", data={"state": state, "code": "gia"})
    back = await browser.get(posted.headers["location"])
    assert back.headers["location"] == "/account/identities"
    (identity,) = await harness.context.social.identities(person.id)
    assert identity.provider == "apple"


async def test_a_sign_in_that_grew_old_on_the_way_must_be_shown_again(harness: AppHarness) -> None:
    await harness.person()
    browser = await harness.signed_in()
    harness.advance(minutes=9)
    state = state_of(await begin_linking(browser))
    harness.advance(minutes=2)
    back = await send_callback(browser, state)
    assert back.headers["location"] == "/account/again?return_to=/account/identities"
    assert not harness.rows()["identities"]


async def test_a_failure_while_linking_is_shown_on_a_page(
    harness: AppHarness, google: FakeUpstream
) -> None:
    await harness.person()
    browser = await harness.signed_in()
    state = state_of(await begin_linking(browser))
    assert is_page(await send_callback(browser, state, error="access_denied"), 403)
    google.out_of_reach = DOWN
    assert is_page(await begin_linking(browser), 503)
