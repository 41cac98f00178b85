"""HEAD (RFC 9110 §9.3.2): the same as GET without a body, and never more than a look."""

from typing import cast
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from support.app import (
    AUTHORIZE,
    CALLBACK,
    CHALLENGE,
    ISSUER,
    ME,
    TOKEN,
    USERINFO,
    App,
    AppHarness,
    OpenHarness,
    response_of,
)
from support.fake_provider import BACK, LOGIN, FakeUpstream, profile, state_of


async def test_head_is_get_without_a_body(harness: AppHarness) -> None:
    for path in (
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/.well-known/jwks.json",
        "/api/v2/auth/social/keys/work",
        "/.well-known/oauth-protected-resource/api",
        "/.well-known/oauth-protected-resource",
        "/api/openapi.json",
        "/health/live",
        "/health/ready",
        ME,
        USERINFO,
        "/metrics",
    ):
        browser = harness.browser()
        get, head = await browser.get(path), await browser.head(path)
        assert head.status_code == get.status_code
        assert dict(head.headers) == dict(get.headers)
        assert head.content == b""


@pytest.mark.parametrize("path", [TOKEN, "/api/v2/oauth/access_token"])
async def test_a_look_at_a_link_spends_no_code(harness: AppHarness, path: str) -> None:
    # v2-api.md §1 has GET here, which RFC 9110 calls safe; scanners of links believe that of HEAD.
    await harness.person()
    app = await harness.app()
    code = (await harness.authorize(await harness.signed_in(), app)).code
    query = {
        "grant_type": "authorization_code",
        "client_id": app.id,
        "client_secret": app.secret or "",
        "code": code,
    }
    before = harness.rows()
    head = await harness.browser().head(path, params=query)
    assert head.status_code == 405
    assert head.headers["allow"] == "GET, OPTIONS, POST"
    assert harness.rows() == before
    assert (await harness.redeem(app, code)).status_code == 200


# ----------------------------------------------------------- where GET would do something


def sound(app: App, **changes: str) -> dict[str, str]:
    return {
        "client_id": app.id,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "basic",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }


def begins(response: httpx.Response, status: int, location: str | None = None) -> bool:
    """A response to HEAD that gives nothing away and leaves the browser as it was."""
    return (
        response.status_code == status
        and response.content == b""
        and response.headers.get("location") == location
        and "set-cookie" not in response.headers
        and response.headers["cache-control"] == "no-store"
    )


@pytest.mark.parametrize("path", [AUTHORIZE, "/api/v2/oauth2/authorize"])
async def test_at_authorize_nothing_is_stored_or_issued(harness: AppHarness, path: str) -> None:
    await harness.person()
    requested, first_party = await harness.app(), await harness.app(first_party=True)
    stranger, ann = harness.browser(), await harness.signed_in()
    before = harness.rows()
    as_json = {"accept": "application/json"}
    assert begins(await stranger.head(path, params=sound(requested)), 303, "/sign-in")
    assert begins(await ann.head(path, params=sound(requested)), 200)
    assert begins(await ann.head(path, params=sound(first_party)), 303)
    assert begins(await ann.head(path, params=sound(requested), headers=as_json), 401)
    assert begins(await ann.head(path), 400)
    silent = await ann.head(path, params=sound(requested, prompt="none"))
    assert "error=consent_required" in silent.headers["location"]
    assert harness.rows() == before


async def test_a_request_that_waits_goes_on_waiting(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(first_party=True), harness.browser()
    sent = await harness.ask(browser, app)
    resume = parse_qs(urlsplit(sent.headers["location"]).query)["return_to"][0]
    browser.cookies = (await harness.signed_in()).cookies
    before = harness.rows()
    assert begins(await browser.head(resume), 303)
    assert harness.rows() == before
    assert response_of(await browser.get(resume)).code


async def test_a_sign_in_at_a_provider_is_neither_started_nor_ended(
    open_harness: OpenHarness,
) -> None:
    google = FakeUpstream(people={"gia": profile()})
    async with open_harness([google]) as harness:
        await harness.app()
        browser = harness.browser()
        before = harness.rows()
        query = {"provider": "google", "redirectUrl": CALLBACK}
        assert begins(await browser.head(LOGIN, params=query), 303)
        assert begins(await browser.head(LOGIN, params={**query, "redirectUrl": ISSUER}), 400)
        assert begins(await browser.head("/sign-in/with/google"), 303)
        assert harness.rows() == before
        back = {"code": "gia", "state": state_of(await browser.get(LOGIN, params=query))}
        before = harness.rows()
        assert begins(await harness.browser().head(f"{BACK}/google", params=back), 400)
        assert begins(await browser.head(f"{BACK}/google", params=back), 303)
        assert harness.rows() == before
        arrived = await browser.get(f"{BACK}/google", params=back)
        assert "code=" in arrived.headers["location"]


async def test_a_callback_is_not_used_up_by_head(open_harness: OpenHarness) -> None:
    apple = FakeUpstream(
        "apple", "Apple", responds_by_form_post=True, people={"gia": profile("apple")}
    )
    async with open_harness([apple]) as harness:
        browser = harness.browser()
        state = state_of(await browser.get("/sign-in/with/apple"))
        posted = await browser.post(f"{BACK}/apple", data={"code": "gia", "state": state})
        where = posted.headers["location"]
        before = harness.rows()
        assert begins(await browser.head(where), 303)
        assert harness.rows() == before
        assert (await browser.get(where)).headers["location"].startswith("/account")


async def test_every_address_that_has_get_has_head_without_effect(harness: AppHarness) -> None:
    ann = await harness.person()
    app, member = await harness.app(), await harness.signed_in()
    await harness.register_again(app, owner_id=ann.id)
    await harness.tokens(app, member)
    pages = cast(Starlette, harness.application._pages)
    paths = {
        route.path.replace("{path:path}", "index.html")
        for route in pages.routes
        if isinstance(route, Route) and "GET" in (route.methods or ())
    }
    named = {"client_id": app.id, "provider": "google", "code": "x", "name": "x", "number": 1}
    named |= {"action": "disable", "webhook": "x", "operation": "x", "session": "x"}
    for browser in (harness.browser(), member):
        for path in sorted(paths):
            before = harness.rows()
            head = await browser.head(path.format(**named))
            assert head.content == b"", path
            assert "set-cookie" not in head.headers, path
            assert harness.rows() == before, path
            get = await browser.get(path.format(**named))
            assert head.status_code == get.status_code, path
    assert len(paths) > 40
