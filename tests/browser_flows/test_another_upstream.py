"""npm oidc-provider as a real upstream, in Chromium: the flow of 2016 through a provider that is
not ours, found by discovery alone, with state, nonce and PKCE of ours."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from playwright.async_api import Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from support.addresses import query_of
from support.app import AUTHORIZE, ME, TOKEN
from support.live_server import Live, ServeLive
from support.page_gallery import chromium, open_window
from support.page_site import listening
from support.pop_ups import SOCIAL, ajax, back, login_jwt, pop_up
from support.workers import free_port

pytestmark = [pytest.mark.browser, pytest.mark.node, pytest.mark.timeout(120)]

_SCRIPT = Path(__file__).parent.parent / "node" / "upstream_provider.mjs"
SECRET = "a-secret-of-the-upstream-client"


@asynccontextmanager
async def upstream(
    port: int, redirect_uri: str, client: dict[str, object] | None = None
) -> AsyncIterator[None]:
    """The provider; `client` is the rest of its metadata of this server."""
    wanted = {
        "port": port,
        "client_id": "quantimodo",
        "client_secret": SECRET,
        "redirect_uri": redirect_uri,
        "client": client or {},
    }
    process = await asyncio.create_subprocess_exec(
        "node",
        str(_SCRIPT),
        json.dumps(wanted),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        while (line := await process.stdout.readline()) != b"ready\n":
            assert line, "oidc-provider did not start"
        yield
    finally:
        process.kill()
        await process.communicate()


@pytest.fixture
async def callback() -> AsyncIterator[str]:
    async def show(request: Request) -> Response:
        return HTMLResponse("<!doctype html><html lang=en><title>App</title><h1>App</h1>")

    async with listening(Starlette(routes=[Route("/callback", show)]), free_port()) as address:
        yield f"{address}/callback"


@pytest.fixture
async def served(serve_live: ServeLive) -> AsyncIterator[Live]:
    port = free_port()
    live = await serve_live(
        insecure_private_hosts=f"127.0.0.1:{port}",
        providers__work__kind="oidc",
        providers__work__issuer=f"http://127.0.0.1:{port}",
        providers__work__client_id="quantimodo",
        providers__work__client_secret=SECRET,
    )
    async with upstream(port, f"{live.address}{SOCIAL}/callback/work"):
        yield live


async def _sign_in_there(page: Page) -> None:
    """The development pages of oidc-provider: any name will do; then it asks for consent."""
    await page.fill("input[name=login]", "uma")
    await page.fill("input[name=password]", "whatever")
    await page.click("button[type=submit]")
    await page.click("button[type=submit]")


async def test_the_flow_of_2016_through_npm_oidc_provider(served: Live, callback: str) -> None:
    app = await served.app(callback)
    assert app.secret is not None
    async with (
        chromium() as browser,
        open_window(browser, served.address, width=1280, scheme="light") as opener,
    ):
        await opener.goto(callback)
        token = await login_jwt(opener, served.address, callback, "work", _sign_in_there)
        requested = {
            "response_type": "code",
            "client_id": app.id,
            "redirect_uri": callback,
            "scope": "basic",
            "state": "some-state",
            "token": token,
        }
        popup = await pop_up(opener, f"{served.address}{AUTHORIZE}?{urlencode(requested)}")
        await popup.click("#allow")
        code = (await back(opener, popup, callback))["code"]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": callback,
            "client_id": app.id,
            "client_secret": app.secret,
        }
        tokens = await ajax(opener, served.address + TOKEN, form)
        me = await ajax(opener, served.address + ME, bearer=tokens["access_token"])
        assert me["displayName"] == "uma of oidc-provider"

        again = await login_jwt(opener, served.address, callback, "work", None)
        assert again != token, "known there and here by now: no question"


async def test_a_person_who_cancels_at_an_oidc_provider_returns_denied(
    served: Live, callback: str
) -> None:
    await served.app(callback)
    requested = {"provider": "work", "redirectUrl": callback, "state": "social-state"}
    async with (
        chromium() as browser,
        open_window(browser, served.address, width=360, scheme="light") as page,
    ):
        await page.goto(f"{served.address}{SOCIAL}/login?{urlencode(requested)}")
        await page.click("text=Cancel")
        await page.wait_for_url(f"{callback}?*")
        assert query_of(page.url)["error"] == "access_denied"


async def _published(address: str) -> object:
    async with httpx.AsyncClient() as client:
        return (await client.get(address)).json()


async def test_a_key_pushed_requests_and_sign_out_there_with_npm_oidc_provider(
    serve_live: ServeLive,
) -> None:
    """What works over http: `response_mode=form_post` and `initiate_login_uri` need https."""
    port = free_port()
    live = await serve_live(
        insecure_private_hosts=f"127.0.0.1:{port}",
        providers__work__kind="oidc",
        providers__work__title="Example Inc.",
        providers__work__issuer=f"http://127.0.0.1:{port}",
        providers__work__client_id="quantimodo",
        providers__work__client_authentication="private_key_jwt",
        providers__work__pushed_requests="true",
        providers__work__initiated_login="true",
        providers__work__sign_out_at_provider="true",
    )
    address = live.address
    client: dict[str, object] = {
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256",
        "jwks": await _published(f"{address}{SOCIAL}/keys/work"),
        "require_pushed_authorization_requests": True,
        "userinfo_signed_response_alg": "RS256",
        "post_logout_redirect_uris": [f"{address}/sign-out/returned"],
    }
    async with (
        upstream(port, f"{address}{SOCIAL}/callback/work", client),
        chromium() as browser,
        open_window(browser, address, width=1280, scheme="light") as here,
    ):
        query = urlencode({"iss": f"http://127.0.0.1:{port}", "login_hint": "uma"})
        await here.goto(f"{address}/sign-in/initiated?{query}")
        await here.click("#begin")
        await _sign_in_there(here)
        await here.wait_for_url(f"{address}/account")
        await here.goto(f"{address}/sign-out")
        await here.click("#at-provider")
        await here.click("button[autofocus]")
        await here.wait_for_url(f"{address}/sign-in")
        assert "signed out" in await here.inner_text("body")
