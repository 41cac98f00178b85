"""Chromium holds every redirect that follows a form against the form's policy: an application whose
callback sends people on to its other host is reached all the same."""

from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from support.app import AUTHORIZE, PASSWORD
from support.live_server import Live
from support.page_gallery import chromium, open_window
from support.page_site import listening
from support.workers import free_port

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture
async def home() -> AsyncIterator[str]:
    async def show(request: Request) -> Response:
        return HTMLResponse("<!doctype html><html lang=en><title>Home</title><h1>Home</h1>")

    async with listening(Starlette(routes=[Route("/home", show)]), free_port()) as address:
        yield f"{address}/home"


@pytest.fixture
async def callback(home: str) -> AsyncIterator[str]:
    async def send_on(request: Request) -> Response:
        return RedirectResponse(home, 303)

    async with listening(
        Starlette(routes=[Route("/callback", send_on, methods=["GET", "POST"])]), free_port()
    ) as address:
        yield f"{address}/callback"


@pytest.mark.parametrize("mode", ["query", "form_post"])
async def test_an_app_may_send_people_on_to_its_other_host(
    live: Live, callback: str, home: str, mode: str
) -> None:
    await live.person()
    app = await live.app(callback)
    requested = {
        "response_type": "code",
        "response_mode": mode,
        "client_id": app.id,
        "redirect_uri": callback,
        "scope": "basic",
        "state": "some-state",
    }
    async with (
        chromium() as browser,
        open_window(browser, live.address, width=360, scheme="light") as page,
    ):
        url = f"{live.address}{AUTHORIZE}?{urlencode(requested)}"
        await page.goto(url)
        await page.fill("input[name=username]", "ann@example.org")
        await page.fill("input[name=password]", PASSWORD)
        await page.click("button[type=submit]")
        await page.click("#allow")
        await page.wait_for_url(home)
