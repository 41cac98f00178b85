"""Session Management §2: what an authorization response says of the session, and its cookie."""

import hashlib

import httpx
import pytest

from support.app import CALLBACK, ISSUER, AppHarness, response_of
from support.logout_receiver import id_token, leave, registered

STATE = "__Host-quantimodo_browser_state"


def expected(app_id: str, origin: str, browser: httpx.AsyncClient, salt: str) -> str:
    known = f"{app_id} {origin} {browser.cookies[STATE]} {salt}"
    return f"{hashlib.sha256(known.encode()).hexdigest()}.{salt}"


async def _session_state(
    harness: AppHarness, browser: httpx.AsyncClient, **changes: str
) -> str | None:
    app = await harness.app()
    response = await harness.authorize(browser, app, **{"scope": "openid", **changes})
    return response.parameters.get("session_state")


async def test_a_response_brings_the_state_of_the_session(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(), harness.browser()
    await harness.sign_in(browser)
    response = await harness.authorize(browser, app, scope="openid")
    state = response.parameters["session_state"]
    salt = state.partition(".")[2]
    assert len(salt) >= 16
    assert " " not in state
    assert state == expected(app.id, "https://app.example.org", browser, salt)


async def test_each_response_has_its_own_salt(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    states = {
        (await harness.authorize(browser, app, scope="openid")).parameters["session_state"]
        for _ in range(3)
    }
    assert len(states) == 3


@pytest.mark.parametrize("response_type", ["id_token", "code id_token", "id_token token"])
async def test_all_flows_bring_it(harness: AppHarness, response_type: str) -> None:
    await harness.person()
    app = await harness.app(response_types=frozenset({response_type}))
    browser = await harness.signed_in()
    response = await harness.authorize(
        browser,
        app,
        scope="openid",
        response_type=response_type,
        nonce="n",
        code_challenge=None,
        code_challenge_method=None,
    )
    assert "session_state" in response.parameters


async def test_a_session_begun_before_gets_its_cookie_with_the_response(
    harness: AppHarness,
) -> None:
    await harness.person()
    browser = await harness.signed_in()
    assert STATE not in browser.cookies
    assert await _session_state(harness, browser) is not None
    assert STATE in browser.cookies


async def test_a_client_that_only_uses_oauth_gets_none(harness: AppHarness) -> None:
    await harness.person()
    assert await _session_state(harness, await harness.signed_in(), scope="basic") is None


async def test_an_app_without_an_origin_gets_none(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(redirect_uris=("com.example.app:/callback",))
    response = await harness.authorize(
        await harness.signed_in(), app, scope="openid", redirect_uri="com.example.app:/callback"
    )
    assert "session_state" not in response.parameters


async def test_an_error_brings_none(harness: AppHarness) -> None:
    app = await harness.app()
    response = response_of(await harness.ask(harness.browser(), app, scope="openid", prompt="none"))
    assert response.parameters["error"] == "login_required"
    assert "session_state" not in response.parameters


@pytest.mark.parametrize(
    ("redirect_uri", "origin"),
    [
        (CALLBACK, "https://app.example.org"),
        ("https://app.example.org:8443/cb?x=1", "https://app.example.org:8443"),
        ("https://app.example.org:443/cb", "https://app.example.org"),
        ("http://127.0.0.1:3000/cb", "http://127.0.0.1:3000"),
    ],
)
async def test_it_is_bound_to_the_origin_as_browsers_spell_it(
    harness: AppHarness, redirect_uri: str, origin: str
) -> None:
    await harness.person()
    app = await harness.app(redirect_uris=(redirect_uri,))
    browser = await harness.signed_in()
    response = await harness.authorize(browser, app, scope="openid", redirect_uri=redirect_uri)
    state = response.parameters["session_state"]
    assert state == expected(app.id, origin, browser, state.partition(".")[2])


async def test_the_cookie_is_for_scripts_and_frames_and_is_not_the_session(
    harness: AppHarness,
) -> None:
    await harness.person()
    browser = harness.browser()
    page = await browser.get("/sign-in")
    assert "browser_state" not in page.headers.get("set-cookie", "")
    await harness.sign_in(browser)
    response = await browser.get("/account")
    assert response.status_code == 200
    value = browser.cookies[STATE]
    assert value not in browser.cookies["__Host-quantimodo_session"]
    other = harness.browser()
    other.cookies.set("__Host-quantimodo_session", value, domain="id.example.org")
    other.cookies.set(STATE, value, domain="id.example.org")
    assert (await other.get("/account")).status_code == 303  # it opens nothing


async def test_its_attributes(harness: AppHarness) -> None:
    await harness.person()
    browser = await harness.signed_in()
    response = await harness.ask(browser, await harness.app(first_party=True), scope="openid")
    [cookie] = [
        value for value in response.headers.get_list("set-cookie") if value.startswith(STATE)
    ]
    assert "HttpOnly" not in cookie
    assert "Secure" in cookie
    assert "SameSite=none" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


async def test_it_changes_at_each_sign_in_and_sign_out(harness: AppHarness) -> None:
    await harness.person()
    await harness.person("ben@example.org")
    app, browser = await registered(harness), harness.browser()
    await harness.sign_in(browser)
    anns = browser.cookies[STATE]
    await harness.sign_in(browser, "ben@example.org")
    bens = browser.cookies[STATE]
    assert bens != anns
    await leave(browser, id_token_hint=await id_token(harness, app, browser))
    assert STATE not in browser.cookies


async def test_it_stays_while_nothing_changes(harness: AppHarness) -> None:
    await harness.person()
    browser = harness.browser()
    await harness.sign_in(browser)
    before = browser.cookies[STATE]
    await browser.get("/account")
    await _session_state(harness, browser)
    assert browser.cookies[STATE] == before


async def test_the_frame_can_be_framed_by_anybody_and_runs_our_script_only(
    harness: AppHarness,
) -> None:
    document = (await harness.browser().get("/.well-known/openid-configuration")).json()
    assert document["check_session_iframe"] == f"{ISSUER}/api/v2/oauth2/check_session"
    page = await harness.browser().get(document["check_session_iframe"])
    assert page.status_code == 200
    assert "x-frame-options" not in page.headers
    policy = page.headers["content-security-policy"]
    assert policy == ("default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'")
    assert f'data-cookie="{STATE}"' in page.text
    assert "set-cookie" not in page.headers
    [source] = page.text.split('script src="')[1:]
    script = await harness.browser().get(source.partition('"')[0])
    assert script.status_code == 200
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
