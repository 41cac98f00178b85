"""Signing in through a provider in Chromium: the pop-up of 2016 from an app elsewhere, our page.

The real server with its sandbox. The app is a page on another origin that has nothing but `fetch`.
"""

from collections.abc import AsyncIterator
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.async_api import Browser, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from support.addresses import query_of
from support.app import AUTHORIZE, ME, TOKEN, App
from support.live_server import Live
from support.page_gallery import chromium, open_window
from support.page_site import listening
from support.pop_ups import SOCIAL, ajax, back, login_jwt, pop_up
from support.workers import free_port

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

PAGE = "<!doctype html><html lang=en><title>Mood Tracker</title><h1>Mood Tracker</h1>"


@pytest.fixture
async def callback() -> AsyncIterator[str]:
    """The app's page, on a separate origin."""

    async def show(request: Request) -> Response:
        return HTMLResponse(PAGE)

    async with listening(Starlette(routes=[Route("/callback", show)]), free_port()) as address:
        yield f"{address}/callback"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as opened:
        yield opened


async def _choose(popup: Page) -> None:
    await popup.click("#person-verified")


async def _code(opener: Page, live: Live, callback: str, app: App, token: str) -> str:
    """By the login JWT in the address, and the person's consent."""
    requested = {
        "response_type": "code",
        "client_id": app.id,
        "redirect_uri": callback,
        "scope": "basic",
        "state": "some-state",
        "token": token,
    }
    popup = await pop_up(opener, f"{live.address}{AUTHORIZE}?{urlencode(requested)}")
    assert token not in popup.url, "the JWT left the address"
    assert urlsplit(popup.url).path == AUTHORIZE, "consent is the one step that there is"
    await popup.click("#allow")
    response = await back(opener, popup, callback)
    assert response["state"] == "some-state"
    return response["code"]


@pytest.mark.parametrize("provider", ["google", "facebook"])
async def test_the_flow_of_2016_from_a_pop_up_to_the_person(
    live: Live, browser: Browser, callback: str, provider: str
) -> None:
    app = await live.app(callback)
    assert app.secret is not None
    async with open_window(browser, live.address, width=1280, scheme="light") as opener:
        await opener.goto(callback)
        token = await login_jwt(opener, live.address, callback, provider, _choose)
        form = {
            "grant_type": "authorization_code",
            "code": await _code(opener, live, callback, app, token),
            "redirect_uri": callback,
            "client_id": app.id,
            "client_secret": app.secret,
        }
        tokens = await ajax(opener, live.address + TOKEN, form)
        me = await ajax(opener, live.address + ME, bearer=tokens["access_token"])
        assert me["displayName"] == "Vera Verified"

        await opener.goto(f"{live.address}/account")
        assert urlsplit(opener.url).path == "/sign-in", "the JWT made no session"


async def test_in_another_browser_the_person_signs_in_before_they_allow(
    live: Live, browser: Browser, callback: str
) -> None:
    """As with an app that signs in in the system's browser, and authorizes in a web view."""
    app = await live.app(callback)
    async with open_window(browser, live.address, width=1280, scheme="light") as opener:
        await opener.goto(callback)
        token = await login_jwt(opener, live.address, callback, "google", _choose)
    requested = {"response_type": "code", "client_id": app.id, "redirect_uri": callback}
    query = urlencode({**requested, "scope": "basic", "state": "some-state", "token": token})
    async with open_window(browser, live.address, width=360, scheme="light") as page:
        await page.goto(f"{live.address}{AUTHORIZE}?{query}")
        assert urlsplit(page.url).path == "/sign-in"
        assert token not in page.url
        await page.click("text=Continue with Google")
        await page.click("#person-verified")
        assert "Vera Verified" in await page.inner_text("main")
        await page.click("#allow")
        await page.wait_for_url(f"{callback}?*")
        response = query_of(page.url)
    assert response["state"] == "some-state"
    assert response["code"]


async def test_a_person_who_refuses_at_the_provider_returns_without_a_code(
    live: Live, browser: Browser, callback: str
) -> None:
    await live.app(callback)
    requested = {"provider": "google", "redirectUrl": callback, "state": "social-state"}
    async with open_window(browser, live.address, width=360, scheme="light") as opener:
        await opener.goto(callback)
        popup = await pop_up(opener, f"{live.address}{SOCIAL}/login?{urlencode(requested)}")
        await popup.click("#person-says-no")
        response = await back(opener, popup, callback)
    assert (response["error"], response["state"]) == ("access_denied", "social-state")
    assert "code" not in response


async def test_a_button_of_the_sign_in_page_signs_in_without_scripts(
    live: Live, browser: Browser
) -> None:
    async with open_window(
        browser, live.address, width=360, scheme="light", java_script_enabled=False
    ) as page:
        await page.goto("/account/identities")
        await page.click("text=Continue with Google")
        await page.click("#person-verified")
        await page.wait_for_url(f"{live.address}/account/identities")
        assert (await page.inner_text("h1")).strip() == "Linked accounts"
        assert "Google" in await page.inner_text("ul.rows h2")
