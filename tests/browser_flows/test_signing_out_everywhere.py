"""Signing out in Chromium: the page of one application notices by the session frame, another hears
of it in a frame of the signed-out page, and the person goes on to where the application wants."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.async_api import Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from quantimodo.protocol.discovery import CHECK_SESSION
from support.app import ISSUER, PASSWORD
from support.browser import BrowserSetup
from support.jwt_forgery import claims_of
from support.logout_receiver import LOGOUT, registered
from support.page_site import listening
from support.workers import free_port

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(120),
    pytest.mark.asyncio(loop_scope="session"),
]

# What an application's page does (Session Management §3.1), and shows what it hears.
_WATCH = """<!doctype html><title>An application</title><p id="received">nothing</p>
<iframe id="op" src="{frame}" hidden></iframe>
<script>
  window.addEventListener('message', (event) => {{
    if (event.origin === '{server}') document.getElementById('received').textContent = event.data
  }})
  window.ask = (text) => {{
    document.getElementById('received').textContent = 'nothing'
    document.getElementById('op').contentWindow.postMessage(text, '{server}')
  }}
</script>"""


@dataclass
class Neighbour:
    """An application's own server: a page that watches, a front channel, a way back."""

    server: str
    address: str = ""
    received: list[dict[str, str]] = field(default_factory=list)
    back: list[dict[str, str]] = field(default_factory=list)

    async def watch(self, request: Request) -> Response:
        frame = f"{self.server}{CHECK_SESSION}"
        return HTMLResponse(_WATCH.format(frame=frame, server=self.server))

    async def front(self, request: Request) -> Response:
        self.received.append(dict(request.query_params))
        return PlainTextResponse("Signed out here")

    async def signed_out(self, request: Request) -> Response:
        self.back.append(dict(request.query_params))
        return PlainTextResponse("Come again")


@asynccontextmanager
async def _neighbour(browser_setup: BrowserSetup) -> AsyncIterator[Neighbour]:
    neighbour = Neighbour(browser_setup.server)
    routes = [
        Route("/watch", neighbour.watch),
        Route("/front", neighbour.front),
        Route("/signed-out", neighbour.signed_out),
    ]
    async with listening(Starlette(routes=routes), free_port()) as address:
        neighbour.address = address
        yield neighbour


async def _sign_in_to(browser_setup: BrowserSetup, page: Page, client_id: str) -> dict[str, str]:
    """Through the sign-in page and the question, if there is one; what the app got."""
    await page.goto(browser_setup.authorize_path(client_id, scope="openid"))
    if await page.query_selector("[name=username]"):
        await page.fill("[name=username]", "ann@example.org")
        await page.fill("[name=password]", PASSWORD)
        await page.click("main button[type=submit]")
        await page.wait_for_load_state("load")
    if await page.query_selector("#allow"):
        await page.click("#allow")
    await page.wait_for_url(f"{browser_setup.callback}*")
    return browser_setup.callbacks[-1]


async def _heard(page: Page, message: str) -> Any:
    await page.evaluate("text => window.ask(text)", message)
    await page.wait_for_function("document.getElementById('received').textContent !== 'nothing'")
    return await page.inner_text("#received")


async def test_a_page_notices_that_the_person_signed_out(browser_setup: BrowserSetup) -> None:
    await browser_setup.harness.person()
    app = await browser_setup.register_app()
    # The application's page and its redirect URI are of one origin, as the state is bound to it.
    async with _neighbour(browser_setup) as neighbour, browser_setup.person(scripts=True) as page:
        callback = f"{neighbour.address}/signed-out"
        await browser_setup.harness.register_again(app, redirect_uris=(callback,))
        await page.goto("/sign-in")
        await page.fill("[name=username]", "ann@example.org")
        await page.fill("[name=password]", PASSWORD)
        await page.click("main button[type=submit]")
        await page.wait_for_load_state("load")
        await page.goto(browser_setup.authorize_path(app.id, scope="openid", redirect_uri=callback))
        await page.click("#allow")
        await page.wait_for_url(f"{callback}*")
        state = neighbour.back[-1]["session_state"]
        watching = await page.context.new_page()
        await watching.goto(f"{neighbour.address}/watch")
        message = f"{app.id} {state}"
        assert await _heard(watching, message) == "unchanged"
        assert await _heard(watching, f"another {state}") == "changed"
        assert await _heard(watching, "nonsense") == "error"
        await page.goto("/sign-out")
        await page.click("main button[type=submit]")
        await page.wait_for_load_state("load")
        assert await _heard(watching, message) == "changed"


async def test_apps_hear_of_it_in_frames_and_the_person_comes_back(
    browser_setup: BrowserSetup,
) -> None:
    harness = browser_setup.harness
    await harness.person()
    async with _neighbour(browser_setup) as neighbour, browser_setup.person() as page:
        app = await browser_setup.register_app()
        back = f"{neighbour.address}/signed-out"
        await registered(
            harness,
            app=app,
            post_logout_redirect_uris=(back,),
            frontchannel_logout_uri=f"{neighbour.address}/front?from=frame",
        )
        arrived = await _sign_in_to(browser_setup, page, app.id)
        redeemed = await harness.redeem(app, arrived["code"], redirect_uri=browser_setup.callback)
        hint = redeemed.json()["id_token"]
        sid = claims_of(hint)["sid"]
        requested = {
            "id_token_hint": hint,
            "post_logout_redirect_uri": back,
            "state": "a state",
        }
        await page.goto(f"{LOGOUT}?{urlencode(requested)}")
        await page.wait_for_url(f"{back}*")
        assert neighbour.back == [{"state": "a state"}]
        issuer = harness.context.settings.issuer
        assert issuer != ISSUER
        assert neighbour.received == [{"from": "frame", "iss": issuer, "sid": sid}]
        await page.goto("/account")
        assert "/sign-in" in page.url


async def test_the_question_leads_back_to_the_app(browser_setup: BrowserSetup) -> None:
    await browser_setup.harness.person()
    async with _neighbour(browser_setup) as neighbour, browser_setup.person() as page:
        app, back = await browser_setup.register_app(), f"{neighbour.address}/signed-out"
        await registered(browser_setup.harness, app=app, post_logout_redirect_uris=(back,))
        await _sign_in_to(browser_setup, page, app.id)
        requested = {"client_id": app.id, "post_logout_redirect_uri": back, "state": "s"}
        await page.goto(f"{LOGOUT}?{urlencode(requested)}")
        await page.click("#confirm-logout")
        await page.wait_for_url(f"{back}*")
        assert neighbour.back == [{"state": "s"}]
