"""v2-api.md §5 in Chromium: what a person does amid an authorization leads back to the app."""

import re
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest
from playwright.async_api import Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from support.app import AUTHORIZE, CHALLENGE, PASSWORD
from support.live_server import Live
from support.page_gallery import chromium, open_window
from support.page_site import listening
from support.workers import free_port

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
NEW = "quite another long password"


@pytest.fixture
async def site() -> AsyncIterator[str]:
    async def page(request: Request) -> Response:
        return HTMLResponse("<!doctype html><html lang=en><title>An app</title><p>here")

    async with listening(Starlette(routes=[Route("/callback", page)]), free_port()) as address:
        yield address


async def _asks(live: Live, site: str, page: Page) -> None:
    """The app sends the browser; at the sign-in page it is."""
    await live.person()
    app = await live.app(f"{site}/callback")
    requested = {
        "client_id": app.id,
        "response_type": "code",
        "redirect_uri": f"{site}/callback",
        "scope": "basic",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    await page.goto(f"{live.address}{AUTHORIZE}?{urlencode(requested)}")
    await page.wait_for_selector("[name=username]")


async def test_a_double_click_on_allow_leads_to_the_app(live: Live, site: str) -> None:
    async with (
        chromium() as browser,
        open_window(browser, live.address, width=1280, scheme="light") as page,
    ):
        await _asks(live, site, page)
        await page.fill("[name=username]", "ann@example.org")
        await page.fill("[name=password]", PASSWORD)
        await page.click("main button[type=submit]")
        await page.wait_for_selector("#allow")
        answered = page.url
        await page.dblclick("#allow", no_wait_after=True)
        await page.wait_for_url(f"{site}/callback?code=*")
        arrived = page.url
        await page.goto(answered)
        await page.wait_for_url(arrived)


async def test_a_forgotten_password_leads_to_the_app(live: Live, site: str) -> None:
    async with (
        chromium() as browser,
        open_window(browser, live.address, width=1280, scheme="light") as page,
    ):
        await _asks(live, site, page)
        await page.click("text=Forgot the password?")
        await page.fill("[name=email]", "ann@example.org")
        await page.click("main button[type=submit]")
        await page.wait_for_url("**/reset/sent")
        for kept in await live.context.outbox.recent(5):
            if found := re.search(r"http\S+/reset/new\?token=\S+", kept.mail.text):
                break
        assert found is not None
        await page.goto(found[0])
        await page.fill("[name=password]", NEW)
        await page.click("main button[type=submit]")
        await page.click("#allow")
        await page.wait_for_url(f"{site}/callback?code=*")
