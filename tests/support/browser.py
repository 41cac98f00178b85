"""The whole server, the server of an application on another origin, and a real browser."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from playwright.async_api import Browser, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from quantimodo.ports.clock import Clock, Entropy
from support.app import (
    AUTHORIZE,
    CHALLENGE,
    App,
    AppHarness,
    PreparedDatabase,
    open_app_harness,
    settings_for,
)
from support.page_gallery import open_window
from support.page_site import listening
from support.workers import free_port


@dataclass(slots=True)
class BrowserSetup:
    """The whole server and the server of an application, over sockets, and a browser.

    `callbacks`: the parameters that the application received, in their order."""

    harness: AppHarness
    browser: Browser
    server: str
    app: str
    callbacks: list[dict[str, str]]

    @property
    def callback(self) -> str:
        return f"{self.app}/callback"

    @asynccontextmanager
    async def person(self, *, scripts: bool = False, width: int = 360) -> AsyncIterator[Page]:
        """A new browser window; no page needs scripts. The test fails when a page does what its
        content security policy forbids."""
        console: list[str] = []
        async with open_window(
            self.browser, self.server, width=width, scheme="light", java_script_enabled=scripts
        ) as page:
            page.on("console", lambda message: console.append(message.text))
            yield page
        assert [text for text in console if "Content Security Policy" in text] == []

    async def register_app(self, **changes: Any) -> App:
        return await self.harness.app(redirect_uris=(self.callback,), **changes)

    def authorize_path(self, client_id: str, **more: str) -> str:
        """The path and query of an authorization request."""
        parameters = {
            "client_id": client_id,
            "response_type": "code",
            "redirect_uri": self.callback,
            "scope": "basic",
            "state": "some-state",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return f"{AUTHORIZE}?{urlencode({**parameters, **more})}"


@asynccontextmanager
async def open_browser_setup(
    folder: Path,
    clock: Clock,
    entropy: Entropy,
    prepared_database: PreparedDatabase,
    browser: Browser,
) -> AsyncIterator[BrowserSetup]:
    """The servers, without people yet."""
    callbacks: list[dict[str, str]] = []

    async def callback(request: Request) -> Response:
        callbacks.append({**request.query_params, **(await _form(request))})
        return PlainTextResponse("Welcome back")

    app = Starlette(routes=[Route("/callback", callback, methods=["GET", "POST"])])
    port = free_port()
    settings = settings_for(
        f"sqlite:///{folder}/browser.db",
        folder,
        issuer=f"http://127.0.0.1:{port}",
        development="true",
        sandbox="false",
    )
    async with (
        open_app_harness(settings, clock, entropy, prepared_database) as harness,
        listening(harness.application, port) as server,
        listening(app, free_port()) as app_address,
    ):
        yield BrowserSetup(harness, browser, server, app_address, callbacks)


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode()))
