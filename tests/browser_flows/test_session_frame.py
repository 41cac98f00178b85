"""Session Management §3.1: what the frame sends to an application's page, in Chromium."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from support.app import PASSWORD
from support.live_server import Live
from support.page_gallery import chromium, open_window
from support.page_site import listening
from support.workers import free_port

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

_PAGE = """<!doctype html><html lang=en><title>An app</title>
<iframe id=op src="FRAME"></iframe>
<script>
  const asked = (message) => new Promise((resolve) => {
    addEventListener('message', (event) => resolve(event.data), {once: true})
    document.getElementById('op').contentWindow.postMessage(message, new URL('FRAME').origin)
  })
</script>"""


@pytest.fixture
async def site(live: Live) -> AsyncIterator[str]:
    async def page(request: Request) -> Response:
        return HTMLResponse(_PAGE.replace("FRAME", f"{live.address}/api/v2/oauth2/check_session"))

    async with listening(Starlette(routes=[Route("/", page)]), free_port()) as address:
        yield address


async def _sign_in(page: Page, live: Live) -> None:
    await page.goto(f"{live.address}/sign-in")
    await page.fill("[name=username]", "ann@example.org")
    await page.fill("[name=password]", PASSWORD)
    await page.click("main button[type=submit]")
    await page.wait_for_url(f"{live.address}/account")


async def _heard(page: Page, address: str, message: str) -> str:
    await page.goto(f"{address}/")
    response: str = await page.evaluate("message => asked(message)", message)
    return response


async def test_a_frame_that_cannot_see_our_cookies_says_error(live: Live, site: str) -> None:
    await live.person()
    async with (
        chromium() as browser,
        open_window(browser, live.address, width=1280, scheme="light") as page,
    ):
        await _sign_in(page, live)
        # The same site: the cookie is there, and so is its absence after signing out.
        assert await _heard(page, site, "app 00.salt") == "changed"
        assert await _heard(page, site, "nonsense") == "error"
        # Another site, to which Chromium does not show the cookie of a plain http server.
        elsewhere = site.replace("127.0.0.1", "localhost")
        assert await _heard(page, elsewhere, "app 00.salt") == "error"
        await page.goto(f"{live.address}/sign-out")
        await page.click("main button[type=submit]")
        assert await _heard(page, site, "app 00.salt") == "changed"
        assert await _heard(page, elsewhere, "app 00.salt") == "error"
        left = [cookie["name"] for cookie in await page.context.cookies()]
        assert not [name for name in left if name.endswith("_probe")]
