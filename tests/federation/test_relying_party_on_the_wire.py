"""The server as a relying party, by HTTP: our keys, response by form, sign-in that another starts.

The provider's responses are those of `support/upstream.py`.
"""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from quantimodo.crypto.provider_tokens import parse_key_set, verify
from support.addresses import query_of
from support.app import ISSUER, SESSION, AppHarness, OpenHarness, form_fields
from support.environment import FrozenClock
from support.fake_provider import BACK, is_page
from support.openapi_conformance import check_response
from support.upstream import Upstream

INITIATE = "/sign-in/initiated"
KEYS = "/api/v2/auth/social/keys"
ANOTHER_SITE = {"sec-fetch-site": "cross-site"}


@pytest.fixture
def upstream(clock: FrozenClock) -> Upstream:
    it = Upstream(clock)
    it.publishes()
    return it


@pytest.fixture
async def harness(open_harness: OpenHarness, upstream: Upstream) -> AsyncIterator[AppHarness]:
    """`work` has every setting of a relying party, `home` none."""
    work = {
        "kind": "oidc",
        "title": "Example Inc.",
        "issuer": upstream.issuer,
        "client_id": upstream.client_id,
        "client_authentication": "private_key_jwt",
        "initiated_login": "true",
        "response_mode": "form_post",
    }
    home = {
        "kind": "oidc",
        "issuer": "https://home.example.org",
        "client_id": "ours",
        "client_secret": "a-secret",
    }
    settings = {
        **{f"providers__work__{name}": value for name, value in work.items()},
        **{f"providers__home__{name}": value for name, value in home.items()},
    }
    async with open_harness(internet=upstream, **settings) as opened:
        yield opened


async def respond_by_form(
    browser: httpx.AsyncClient, upstream: Upstream, started_login: httpx.Response, **claims: Any
) -> httpx.Response:
    """The provider's form, which comes without cookies that are `SameSite=Lax`."""
    assert started_login.status_code == 303, started_login.text
    query = query_of(started_login.headers["location"])
    upstream.grants(upstream.id_token(nonce=query["nonce"], **claims))
    kept = {
        cookie.name: cookie.value or ""
        for cookie in browser.cookies.jar
        if "login_state_" in cookie.name
    }
    header = "; ".join(f"{name}={value}" for name, value in kept.items())
    body = {"code": "a-code", "state": query["state"]}
    headers = {"cookie": header, "origin": upstream.issuer, **ANOTHER_SITE}
    return await browser.post(f"{BACK}/work", data=body, headers=headers)


async def sign_in(browser: httpx.AsyncClient, upstream: Upstream, **claims: Any) -> httpx.Response:
    """By a button of the sign-in page, to the end."""
    started_login = await browser.get("/sign-in/with/work?return_to=/account/apps")
    came_back = await respond_by_form(browser, upstream, started_login, **claims)
    assert came_back.status_code == 303, came_back.text
    return await browser.get(came_back.headers["location"])


async def test_form_post_2_a_response_by_form_signs_in_the_browser_that_began(
    harness: AppHarness, upstream: Upstream
) -> None:
    browser, stranger = harness.browser(), harness.browser()
    started_login = await browser.get("/sign-in/with/work?return_to=/account/apps")
    query = query_of(started_login.headers["location"])
    assert query["response_mode"] == "form_post"
    (cookie,) = [
        one for one in started_login.headers.get_list("set-cookie") if "login_state_" in one
    ]
    assert "samesite=none" in cookie.lower()
    assert "secure" in cookie.lower()
    assert "httponly" in cookie.lower()
    assert is_page(await respond_by_form(stranger, upstream, started_login)), "it has no cookie"
    came_back = await respond_by_form(browser, upstream, started_login)
    # The session begins with the next request, which has the cookies of this site.
    assert came_back.headers["location"].startswith("/sign-in/arrived?state=")
    assert SESSION not in came_back.headers.get("set-cookie", "")
    done = await browser.get(came_back.headers["location"])
    assert done.headers["location"] == "/account/apps"
    assert SESSION in browser.cookies
    assert is_page(await respond_by_form(browser, upstream, started_login)), "a state is used once"


async def test_rfc7517_the_provider_reads_our_key_and_verifies_our_assertion(
    harness: AppHarness, upstream: Upstream
) -> None:
    browser = harness.browser()
    document = (await browser.get("/api/openapi.json")).json()
    for name, status in (("work", 200), ("home", 404), ("unknown", 404)):
        response = await browser.get(f"{KEYS}/{name}")
        assert response.status_code == status
        check_response(document, "GET", f"{KEYS}/{{provider}}", response)
    published = (await browser.get(f"{KEYS}/work")).json()
    await sign_in(browser, upstream)
    assertion = upstream.form(f"{upstream.issuer}/token")["client_assertion"]
    assert verify(assertion, parse_key_set(published), {"ES256"}).claims["sub"] == "quantimodo"


def initiation(upstream: Upstream, **changes: str) -> dict[str, str]:
    return {"iss": upstream.issuer, **changes}


async def test_core_4_a_page_asks_before_a_sign_in_that_another_site_starts(
    harness: AppHarness, upstream: Upstream
) -> None:
    browser = harness.browser()
    document = (await browser.get("/api/openapi.json")).json()
    sent = initiation(
        upstream, login_hint="ann@example.org", target_link_uri=f"{ISSUER}/account/apps?x=1"
    )
    posted = await browser.post(INITIATE, data=sent, headers=ANOTHER_SITE)
    assert posted.status_code == 303
    assert "set-cookie" not in posted.headers
    check_response(document, "POST", INITIATE, posted)
    response = await browser.get(posted.headers["location"], headers=ANOTHER_SITE)
    assert response.status_code == 200
    check_response(document, "GET", INITIATE, response)
    assert "Sign in with Example Inc.?" in response.text
    assert not harness.rows()["login_states"], "nothing has begun"
    begin = response.text.partition('id="begin" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert (
        begin == "/sign-in/with/work?return_to=/account/apps%3Fx%3D1&login_hint=ann%40example.org"
    )
    # Another site cannot press the button: the address that it leads to asks for ours.
    strange = await browser.get(begin, headers=ANOTHER_SITE)
    assert strange.headers["location"].startswith("/sign-in?return_to=")
    started_login = await browser.get(begin, headers={"sec-fetch-site": "same-origin"})
    assert query_of(started_login.headers["location"])["login_hint"] == "ann@example.org"
    came_back = await respond_by_form(browser, upstream, started_login)
    done = await browser.get(came_back.headers["location"])
    assert done.headers["location"] == "/account/apps?x=1"
    # The provider authenticates a person with a session again, and the page names its account.
    again = await browser.get(INITIATE, params=sent)
    assert "You are signed in as" in again.text
    started_login = await browser.get(begin)
    assert query_of(started_login.headers["location"])["prompt"] == "login"


_TARGETS = (
    "https://attacker.example.org/",
    f"{ISSUER}.attacker.example.org/",
    f"{ISSUER}@attacker.example.org/",
    f"{ISSUER}:8443/",
    f"{ISSUER}//attacker.example.org",
    f"{ISSUER}/\\attacker.example.org",
    f"{ISSUER}/\tattacker",
    f"{ISSUER.upper()}/account",
    ISSUER.replace("https", "http") + "/account",
    "//attacker.example.org",
    "/account",
    "javascript:alert(1)",
)


async def test_core_4_a_target_elsewhere_and_an_unknown_issuer_are_refused(
    harness: AppHarness, upstream: Upstream
) -> None:
    browser = harness.browser()
    refused = [
        *(initiation(upstream, target_link_uri=target) for target in _TARGETS),
        {},
        {"iss": "https://home.example.org"},  # it may not
        {"iss": f"{upstream.issuer}/"},
        {"iss": "https://attacker.example.org"},
    ]
    for parameters in refused:
        for method in ("GET", "POST"):
            sent = {"params" if method == "GET" else "data": parameters}
            response = await browser.request(method, INITIATE, **sent)  # type: ignore[arg-type]
            assert is_page(response), parameters
            assert "attacker" not in response.text
    twice = await browser.get(f"{INITIATE}?iss={upstream.issuer}&iss={upstream.issuer}")
    assert is_page(twice)
    allowed = {f"{ISSUER}": "/", f"{ISSUER}/": "/", "": "/account"}
    for target, path in allowed.items():
        response = await browser.get(
            INITIATE, params=initiation(upstream, target_link_uri=target, login_hint="a\u202eb")
        )
        assert f'href="/sign-in/with/work?return_to={path}"' in response.text


# Sign-out at the provider, and its logout tokens.

NOTIFICATIONS = "/api/v2/auth/social/notifications/work"
END_SESSION = "https://login.example.org/logout"


@pytest.fixture
async def logout_harness(
    open_harness: OpenHarness, upstream: Upstream
) -> AsyncIterator[AppHarness]:
    """A server whose provider `work` ends sessions, and names them."""
    upstream.publishes(end_session_endpoint=END_SESSION)
    work = {
        "kind": "oidc",
        "title": "Example Inc.",
        "issuer": upstream.issuer,
        "client_id": upstream.client_id,
        "client_secret": "a-secret",
        "sign_out_at_provider": "true",
        "backchannel_logout": "true",
    }
    settings = {f"providers__work__{name}": value for name, value in work.items()}
    async with open_harness(internet=upstream, **settings) as opened:
        yield opened


async def signed_in(harness: AppHarness, upstream: Upstream, **claims: Any) -> httpx.AsyncClient:
    """A browser whose session began at the provider."""
    browser = harness.browser()
    started_login = await browser.get("/sign-in/with/work?return_to=/account/apps")
    query = query_of(started_login.headers["location"])
    upstream.grants(upstream.id_token(nonce=query["nonce"], **claims))
    response = {"code": "a-code", "state": query["state"]}
    done = await browser.get(f"{BACK}/work", params=response)
    assert done.headers["location"] == "/account/apps", done.text
    return browser


def logout_token(upstream: Upstream, jti: str, **changes: Any) -> dict[str, str]:
    now = int(upstream.clock.now().timestamp())
    claims = {
        "iss": upstream.issuer,
        "aud": upstream.client_id,
        "iat": now,
        "exp": now + 120,
        "jti": jti,
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        **changes,
    }
    return {"logout_token": upstream.sign(claims, {"typ": "logout+jwt"})}


async def is_signed_in(browser: httpx.AsyncClient) -> bool:
    return (await browser.get("/account/profile")).status_code == 200


async def test_rp_initiated_logout_2_the_person_is_offered_to_sign_out_there_too(
    logout_harness: AppHarness, upstream: Upstream
) -> None:
    browser = await signed_in(logout_harness, upstream, sid="first")
    (row,) = logout_harness.rows()["provider_sessions"]
    id_token = upstream.replies[f"{upstream.issuer}/token"].json()["id_token"]  # type: ignore[union-attr]
    assert id_token.encode() not in b"".join(each for each in row if isinstance(each, bytes))
    page = await browser.get("/sign-out")
    assert "Sign out here and at Example Inc." in page.text
    assert "form-action 'self' https:" in page.headers["content-security-policy"]
    form = {**form_fields(page.text), "at": "provider"}
    left = await browser.post("/sign-out", data=form)
    assert left.status_code == 303
    assert left.headers["location"].startswith(f"{END_SESSION}?")
    query = query_of(left.headers["location"])
    state = query.pop("state")
    assert query == {
        "id_token_hint": id_token,
        "client_id": "quantimodo",
        "post_logout_redirect_uri": f"{ISSUER}/sign-out/returned",
    }
    assert not await is_signed_in(browser)
    assert not logout_harness.rows()["provider_sessions"]
    # A state of another browser, or none, says nothing; ours says that the person is signed out.
    for other in ("", "another", f"{state}_INVALID"):
        response = await browser.get("/sign-out/returned", params={"state": other})
        assert response.headers["location"] == "/"
    back = await browser.get("/sign-out/returned", params={"state": state})
    assert back.headers["location"] == "/sign-in"
    assert "signed out" in (await browser.get("/sign-in")).text


async def test_rp_initiated_logout_is_not_offered_for_other_sessions(
    logout_harness: AppHarness, upstream: Upstream
) -> None:
    await logout_harness.person()
    by_password = await logout_harness.signed_in()
    page = await by_password.get("/sign-out")
    assert "Example Inc." not in page.text
    left = await by_password.post("/sign-out", data={**form_fields(page.text), "at": "provider"})
    assert left.headers["location"] == "/sign-in"
    # A sign-out here alone leaves the session there.
    browser = await signed_in(logout_harness, upstream, email="up@example.org")
    page = await browser.get("/sign-out")
    left = await browser.post("/sign-out", data=form_fields(page.text))
    assert left.headers["location"] == "/sign-in"
    assert not await is_signed_in(browser)


async def test_back_channel_logout_2_7_the_sessions_from_there_end_and_no_others(
    logout_harness: AppHarness, upstream: Upstream
) -> None:
    first = await signed_in(logout_harness, upstream, sid="first")
    second = await signed_in(logout_harness, upstream, sid="second")
    stranger = logout_harness.browser()
    token = logout_token(upstream, "one", sid="first", sub="248289761001")
    for _ in range(2):  # Back-Channel Logout §2.8: already signed out is signed out
        response = await stranger.post(NOTIFICATIONS, data=token)
        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
        assert (await is_signed_in(first), await is_signed_in(second)) == (False, True)
    refused = await stranger.post(NOTIFICATIONS, data=logout_token(upstream, "x", nonce="n"))
    assert refused.status_code == 400
    assert "no-store" in refused.headers["cache-control"]
    # A replayed token ends no session that began since.
    logout_harness.advance(seconds=1)
    again = await signed_in(logout_harness, upstream, sid="first")
    assert (await stranger.post(NOTIFICATIONS, data=token)).status_code == 200
    assert await is_signed_in(again)
    by_subject = logout_token(upstream, "two", sub="248289761001")
    assert (await stranger.post(NOTIFICATIONS, data=by_subject)).status_code == 200
    assert (await is_signed_in(second), await is_signed_in(again)) == (False, False)


async def test_back_channel_logout_2_7_a_sign_in_under_way_from_an_ended_session_is_void(
    logout_harness: AppHarness, upstream: Upstream
) -> None:
    browser, stranger = logout_harness.browser(), logout_harness.browser()
    started_login = await browser.get("/sign-in/with/work")
    query = query_of(started_login.headers["location"])
    ended = logout_token(upstream, "one", sid="first")
    assert (await stranger.post(NOTIFICATIONS, data=ended)).status_code == 200
    upstream.grants(upstream.id_token(nonce=query["nonce"], sid="first"))
    done = await browser.get(f"{BACK}/work", params={"code": "c", "state": query["state"]})
    assert is_page(done, 403)
    assert SESSION not in browser.cookies
