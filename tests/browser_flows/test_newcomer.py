"""A newcomer on an empty machine: one command, then everything by browser and by HTTP calls.

The real `quantimodo serve` with no settings but a free port, in an empty directory that is also
the home; Chromium without scripts; an app that listens on this machine.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from playwright.async_api import Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from support.app import AUTHORIZE, CHALLENGE, ME, PASSWORD, REVOKE, TOKEN, VERIFIER
from support.browser_actions import press
from support.environment import no_authorities
from support.page_gallery import chromium, open_window
from support.page_site import listening
from support.terminal import PATIENCE, Server, Terminal
from support.workers import free_port

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

EMAIL = "new@example.org"


@dataclass(frozen=True, slots=True)
class Registered:
    """What the portal showed. A public app has no secret."""

    client_id: str
    secret: str | None

    def call(self, fields: dict[str, str]) -> dict[str, Any]:
        """The arguments of a call that the app authenticates."""
        if self.secret is None:
            return {"data": {**fields, "client_id": self.client_id}}
        return {"data": fields, "auth": (self.client_id, self.secret)}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Started as the README says, and stopped as a person stops it."""
    terminal = Terminal(tmp_path)
    started = terminal.serve()
    yield started
    assert started.stop() == 0
    assert started.process.stdout is not None
    started.process.stdout.close()
    assert "Traceback" not in (tmp_path / "serve.err").read_text()


@pytest.fixture
async def callback() -> AsyncIterator[str]:
    """Where the app waits for people to come back."""

    async def welcome(request: Request) -> Response:
        return PlainTextResponse("Welcome back")

    async with listening(Starlette(routes=[Route("/callback", welcome)]), free_port()) as address:
        yield f"{address}/callback"


@pytest.fixture
async def page(server: Server) -> AsyncIterator[Page]:
    async with (
        chromium() as browser,
        open_window(
            browser, server.url, width=360, scheme="light", java_script_enabled=False
        ) as opened,
    ):
        yield opened


@pytest.mark.parametrize("kind", ["web", "browser"])
async def test_from_an_empty_directory_to_access_taken_back(
    server: Server, page: Page, callback: str, kind: str
) -> None:
    await _sign_up(server, page)
    app = await _register(page, callback, kind)
    async with httpx.AsyncClient(
        base_url=server.url, timeout=PATIENCE, verify=no_authorities()
    ) as client:
        code = await _allow(server, page, app, callback)
        tokens = await _trade(client, app, code, callback)
        me = await _me(client, tokens)
        assert me.json()["email"] == EMAIL
        assert me.json()["displayName"] == "New Person"

        refreshed = await client.post(
            TOKEN,
            **app.call({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}),
        )
        newer = refreshed.json()
        assert newer["refresh_token"] != tokens["refresh_token"]
        assert (await _me(client, newer)).status_code == 200

        revoked = await client.post(REVOKE, **app.call({"token": newer["refresh_token"]}))
        assert (revoked.status_code, revoked.json()) == (200, {})
        assert (await _me(client, tokens)).status_code == 401
        assert (await _me(client, newer)).status_code == 401

        again = await _trade(client, app, await _allow(server, page, app, callback), callback)
        assert (await _me(client, again)).status_code == 200
        await _remove_access(page)
        assert (await _me(client, again)).status_code == 401
        refused = await client.post(
            TOKEN,
            **app.call({"grant_type": "refresh_token", "refresh_token": again["refresh_token"]}),
        )
        assert refused.json()["error"] == "invalid_grant"


async def _sign_up(server: Server, page: Page) -> None:
    """Where the banner says, and by the link in the outbox."""
    assert f"{server.url}/sign-up" in server.banner
    await page.goto("/sign-up")
    await page.fill("[name=name]", "New Person")
    await page.fill("[name=email]", EMAIL)
    await page.fill("[name=password]", PASSWORD)
    await press(page)
    assert f"{server.url}/outbox" in server.banner
    await page.goto("/outbox")
    await press(page, "a[href*='/confirm?token=']")
    await press(page)


async def _register(page: Page, callback: str, kind: str) -> Registered:
    await page.goto("/developers")
    await press(page, "main >> text=New application")
    await page.fill("[name=name]", "Mood Tracker")
    await page.fill("[name=redirect_uris]", callback)
    await page.check(f"[name=kind][value={kind}]")
    await press(page, "text=Register application")
    secret = page.locator("#client-secret")
    return Registered(
        await page.inner_text("#client-id"),
        await secret.inner_text() if await secret.count() else None,
    )


async def _allow(server: Server, page: Page, app: Registered, callback: str) -> str:
    """The code flow with PKCE as far as the browser goes; the code that the app is given."""
    query = {
        "client_id": app.client_id,
        "response_type": "code",
        "redirect_uri": callback,
        "scope": "basic",
        "state": "some-state",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    await page.goto(f"{AUTHORIZE}?{urlencode(query)}")
    if await page.query_selector("#allow"):
        await press(page, "#allow")
    assert page.url.startswith(f"{callback}?")
    response = dict(parse_qsl(urlsplit(page.url).query))
    assert response["state"] == "some-state"
    assert response["iss"] == server.url
    return response["code"]


async def _trade(
    client: httpx.AsyncClient, app: Registered, code: str, callback: str
) -> dict[str, Any]:
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": callback,
        "code_verifier": VERIFIER,
    }
    response = await client.post(TOKEN, **app.call(fields))
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def _me(client: httpx.AsyncClient, tokens: dict[str, Any]) -> httpx.Response:
    return await client.get(ME, headers={"authorization": f"Bearer {tokens['access_token']}"})


async def _remove_access(page: Page) -> None:
    await page.goto("/account")
    assert await page.locator("h2", has_text="Mood Tracker").count() == 1
    await press(page, "text=Remove access")
    assert await page.locator("h2", has_text="Mood Tracker").count() == 0
