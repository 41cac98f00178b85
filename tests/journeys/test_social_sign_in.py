"""Signing in through a provider in Chromium: the pop-up of 2016 from an app elsewhere, our page.

The real server with its sandbox. The app is a page on another origin that has nothing but `fetch`.
"""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from playwright.async_api import Browser, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from gallery import chromium, looking
from live import Live
from page_site import listening
from street import free_port
from world import AUTHORIZE, ME, TOKEN, App

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

SOCIAL = "/api/v2/auth/social"
PAGE = "<!doctype html><html lang=en><title>Mood Tracker</title><h1>Mood Tracker</h1>"
_FETCH = """async ([url, form, bearer]) => {
  const headers = bearer ? {authorization: `Bearer ${bearer}`} : {}
  const body = form ? new URLSearchParams(form) : undefined
  const answer = await fetch(url, {method: form ? 'POST' : 'GET', headers, body})
  return [answer.status, await answer.json()]
}"""


@pytest.fixture
async def callback() -> AsyncIterator[str]:
    """The app's page, on an origin of its own."""

    async def show(request: Request) -> Response:
        return HTMLResponse(PAGE)

    async with listening(Starlette(routes=[Route("/callback", show)]), free_port()) as address:
        yield f"{address}/callback"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as opened:
        yield opened


async def _ajax(page: Page, url: str, form: dict[str, str] | None = None, bearer: str = "") -> Any:
    status, answer = await page.evaluate(_FETCH, [url, form, bearer])
    assert status == 200, answer
    return answer


def _query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


async def _pop_up(page: Page, url: str) -> Page:
    """Opened by the app, which can read in it as soon as it is back."""
    async with page.expect_popup() as opening:
        await page.evaluate("url => { window.waiting = window.open(url) }", url)
    popup = await opening.value
    await popup.wait_for_load_state("load")
    return popup


async def _back(opener: Page, popup: Page, callback: str) -> dict[str, str]:
    """What the app reads from the window that it opened."""
    await popup.wait_for_url(f"{callback}?*")
    answer = _query(await opener.evaluate("window.waiting.location.href"))
    await popup.close()
    return answer


async def _login_jwt(opener: Page, live: Live, callback: str, provider: str) -> str:
    """By pop-up, a person of the sandbox, and Ajax."""
    asked = {"provider": provider, "redirectUrl": callback, "state": "social-state"}
    popup = await _pop_up(opener, f"{live.address}{SOCIAL}/login?{urlencode(asked)}")
    await popup.click("#person-verified")
    answer = await _back(opener, popup, callback)
    assert answer["state"] == "social-state"
    sent = {"provider": provider, "code": answer["code"]}
    envelope = await _ajax(opener, f"{live.address}{SOCIAL}/authorizeCode?{urlencode(sent)}")
    assert envelope["success"] is True
    token: str = envelope["data"]["token"]
    return token


async def _code(opener: Page, live: Live, callback: str, app: App, token: str) -> str:
    """By the login JWT in the address, and the person's consent."""
    asked = {
        "response_type": "code",
        "client_id": app.id,
        "redirect_uri": callback,
        "scope": "basic",
        "state": "some-state",
        "token": token,
    }
    popup = await _pop_up(opener, f"{live.address}{AUTHORIZE}?{urlencode(asked)}")
    assert token not in popup.url, "the JWT left the address"
    await popup.click("#allow")
    answer = await _back(opener, popup, callback)
    assert answer["state"] == "some-state"
    return answer["code"]


@pytest.mark.parametrize("provider", ["google", "facebook"])
async def test_the_flow_of_2016_from_a_pop_up_to_the_person(
    live: Live, browser: Browser, callback: str, provider: str
) -> None:
    app = await live.app(callback)
    assert app.secret is not None
    async with looking(browser, live.address, width=1280, scheme="light") as opener:
        await opener.goto(callback)
        token = await _login_jwt(opener, live, callback, provider)
        form = {
            "grant_type": "authorization_code",
            "code": await _code(opener, live, callback, app, token),
            "redirect_uri": callback,
            "client_id": app.id,
            "client_secret": app.secret,
        }
        tokens = await _ajax(opener, live.address + TOKEN, form)
        me = await _ajax(opener, live.address + ME, bearer=tokens["access_token"])
        assert me["displayName"] == "Vera Verified"

        await opener.goto(f"{live.address}/account")
        assert urlsplit(opener.url).path == "/sign-in", "the JWT made no session"


async def test_who_says_no_at_the_provider_comes_back_without_a_code(
    live: Live, browser: Browser, callback: str
) -> None:
    await live.app(callback)
    asked = {"provider": "google", "redirectUrl": callback, "state": "social-state"}
    async with looking(browser, live.address, width=360, scheme="light") as opener:
        await opener.goto(callback)
        popup = await _pop_up(opener, f"{live.address}{SOCIAL}/login?{urlencode(asked)}")
        await popup.click("#person-says-no")
        answer = await _back(opener, popup, callback)
    assert (answer["error"], answer["state"]) == ("access_denied", "social-state")
    assert "code" not in answer


async def test_a_button_of_the_sign_in_page_signs_in_without_scripts(
    live: Live, browser: Browser
) -> None:
    async with looking(
        browser, live.address, width=360, scheme="light", java_script_enabled=False
    ) as page:
        await page.goto("/account/identities")
        await page.click("text=Continue with Google")
        await page.click("#person-verified")
        await page.wait_for_url(f"{live.address}/account/identities")
        assert (await page.inner_text("h1")).strip() == "Linked accounts"
        assert "Google" in await page.inner_text("ul.rows h2")
