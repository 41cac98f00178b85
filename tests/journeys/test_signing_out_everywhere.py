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

from forgery import claims_of
from leaving import LOGOUT, registered
from page_site import listening
from quantimodo.protocol.discovery import CHECK_SESSION
from street import Street, free_port
from world import ISSUER, PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

# What an application's page does (Session Management 1.0 §3.1), and shows what it hears.
_WATCH = """<!doctype html><title>An application</title><p id="heard">nothing</p>
<iframe id="op" src="{frame}" hidden></iframe>
<script>
  window.addEventListener('message', (event) => {{
    if (event.origin === '{server}') document.getElementById('heard').textContent = event.data
  }})
  window.ask = (text) => {{
    document.getElementById('heard').textContent = 'nothing'
    document.getElementById('op').contentWindow.postMessage(text, '{server}')
  }}
</script>"""


@dataclass
class Neighbour:
    """An application's own server: a page that watches, a front channel, a way back."""

    server: str
    address: str = ""
    told: list[dict[str, str]] = field(default_factory=list)
    back: list[dict[str, str]] = field(default_factory=list)

    async def watch(self, request: Request) -> Response:
        frame = f"{self.server}{CHECK_SESSION}"
        return HTMLResponse(_WATCH.format(frame=frame, server=self.server))

    async def front(self, request: Request) -> Response:
        self.told.append(dict(request.query_params))
        return PlainTextResponse("Signed out here")

    async def signed_out(self, request: Request) -> Response:
        self.back.append(dict(request.query_params))
        return PlainTextResponse("Come again")


@asynccontextmanager
async def _neighbour(street: Street) -> AsyncIterator[Neighbour]:
    neighbour = Neighbour(street.server)
    routes = [
        Route("/watch", neighbour.watch),
        Route("/front", neighbour.front),
        Route("/signed-out", neighbour.signed_out),
    ]
    async with listening(Starlette(routes=routes), free_port()) as address:
        neighbour.address = address
        yield neighbour


async def _sign_in_to(street: Street, page: Page, client_id: str) -> dict[str, str]:
    """Through the sign-in page and the question, if there is one; what the app got."""
    await page.goto(street.question(client_id, scope="openid"))
    if await page.query_selector("[name=username]"):
        await page.fill("[name=username]", "ann@example.org")
        await page.fill("[name=password]", PASSWORD)
        await page.click("main button[type=submit]")
        await page.wait_for_load_state("load")
    if await page.query_selector("#allow"):
        await page.click("#allow")
    await page.wait_for_url(f"{street.callback}*")
    return street.arrived[-1]


async def _heard(page: Page, message: str) -> Any:
    await page.evaluate("text => window.ask(text)", message)
    await page.wait_for_function("document.getElementById('heard').textContent !== 'nothing'")
    return await page.inner_text("#heard")


async def test_a_page_notices_that_the_person_signed_out(street: Street) -> None:
    await street.world.person()
    app = await street.registered()
    # The application's page and its redirect URI are of one origin, as the state is bound to it.
    async with _neighbour(street) as neighbour, street.person(scripts=True) as page:
        callback = f"{neighbour.address}/signed-out"
        await street.world.register_again(app, redirect_uris=(callback,))
        await page.goto("/sign-in")
        await page.fill("[name=username]", "ann@example.org")
        await page.fill("[name=password]", PASSWORD)
        await page.click("main button[type=submit]")
        await page.wait_for_load_state("load")
        await page.goto(street.question(app.id, scope="openid", redirect_uri=callback))
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


async def test_apps_hear_of_it_in_frames_and_the_person_comes_back(street: Street) -> None:
    world = street.world
    await world.person()
    async with _neighbour(street) as neighbour, street.person() as page:
        app = await street.registered()
        back = f"{neighbour.address}/signed-out"
        await registered(
            world,
            app=app,
            post_logout_redirect_uris=(back,),
            frontchannel_logout_uri=f"{neighbour.address}/front?from=frame",
        )
        arrived = await _sign_in_to(street, page, app.id)
        redeemed = await world.redeem(app, arrived["code"], redirect_uri=street.callback)
        hint = redeemed.json()["id_token"]
        sid = claims_of(hint)["sid"]
        asked = {
            "id_token_hint": hint,
            "post_logout_redirect_uri": back,
            "state": "a state",
        }
        await page.goto(f"{LOGOUT}?{urlencode(asked)}")
        await page.wait_for_url(f"{back}*")
        assert neighbour.back == [{"state": "a state"}]
        issuer = world.house.settings.issuer
        assert issuer != ISSUER
        assert neighbour.told == [{"from": "frame", "iss": issuer, "sid": sid}]
        await page.goto("/account")
        assert "/sign-in" in page.url


async def test_the_question_leads_back_to_the_app(street: Street) -> None:
    await street.world.person()
    async with _neighbour(street) as neighbour, street.person() as page:
        app, back = await street.registered(), f"{neighbour.address}/signed-out"
        await registered(street.world, app=app, post_logout_redirect_uris=(back,))
        await _sign_in_to(street, page, app.id)
        asked = {"client_id": app.id, "post_logout_redirect_uri": back, "state": "s"}
        await page.goto(f"{LOGOUT}?{urlencode(asked)}")
        await page.click("#confirm-logout")
        await page.wait_for_url(f"{back}*")
        assert neighbour.back == [{"state": "s"}]
