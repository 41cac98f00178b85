"""The server under test, in process or over a socket, with a person who gives consent."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx

from support.app import CALLBACK, App, AppHarness, response_of
from swagger_client.session import OAuthSession


@dataclass(frozen=True)
class TargetServer:
    """The server, its application, and a person who gives consent."""

    server: str
    app: App
    browser: Callable[[], httpx.AsyncClient]
    allow: Callable[[str], Awaitable[str]]
    transports: dict[str, Any]

    def session(self, kind: type[Any], **given: Any) -> Any:
        return kind(
            self.app.id,
            self.app.secret,
            server=self.server,
            redirect_uri=CALLBACK,
            transport=self.transports.get(kind.__name__),
            **given,
        )


class ThroughLoop(httpx.BaseTransport):
    """A transport from a thread to an application on an event loop."""

    def __init__(self, transport: httpx.AsyncBaseTransport, loop: Any) -> None:
        self._transport = transport
        self._loop = loop

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return asyncio.run_coroutine_threadsafe(self._response(request), self._loop).result(60)

    async def _response(self, request: httpx.Request) -> httpx.Response:
        plain = httpx.Request(
            request.method, request.url, headers=request.headers, content=request.content
        )
        response = await self._transport.handle_async_request(plain)
        content = await response.aread()
        return httpx.Response(response.status_code, headers=response.headers, content=content)


def target_in_process(harness: AppHarness, app: App) -> TargetServer:
    """The server of this process; its person signs in and allows."""

    async def allow(url: str) -> str:
        browser = await harness.signed_in()
        response = await browser.get(url)
        if response.status_code == 200:
            response = await harness.decide(browser, response)
        return response_of(response).location

    asgi = httpx.ASGITransport(app=harness.application)  # type: ignore[arg-type]
    transports = {
        "OAuthSession": ThroughLoop(asgi, asyncio.get_running_loop()),
        "AsyncOAuthSession": asgi,
    }
    return TargetServer(harness.context.settings.issuer, app, harness.browser, allow, transports)


async def call_method(session: Any, name: str, *args: Any) -> Any:
    method = getattr(session, name)
    if isinstance(session, OAuthSession):
        return await asyncio.to_thread(method, *args)
    return await method(*args)
