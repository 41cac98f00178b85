"""Builds the playground, and sends its requests to this server's own endpoints in this process.

The application handles them as it handles those of a network client; nothing leaves the process.
"""

import asyncio
from collections.abc import MutableMapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from quantimodo.app.composition.services import AppContext
from quantimodo.app.demo_data import DEMO_CLIENT_ID, has_demo_data
from quantimodo.http.asgi import Asgi
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.page_services import PageRoute
from quantimodo.pages.portal.authorization_runs import AuthorizationRuns
from quantimodo.pages.portal.playground import Playground
from quantimodo.pages.portal.playground_calls import PlaygroundRequest, PlaygroundResponse


def playground_routes(
    context: AppContext, page_context: PageContext, own_server: "OwnServer"
) -> Sequence[PageRoute]:
    """The routes of the playground; none unless this server has the demo data."""
    if not has_demo_data(context.settings):
        return ()
    return Playground(
        page_context, authorization_runs(context, own_server), DEMO_CLIENT_ID
    ).routes()


def authorization_runs(context: AppContext, own_server: "OwnServer") -> AuthorizationRuns:
    """Builds authorization runs whose requests go to this server."""
    return AuthorizationRuns(
        requests=own_server,
        envelope=context.envelope,
        clock=context.clock,
        entropy=context.entropy,
        issuer=context.settings.issuer,
    )


class OwnServer:
    """The application that requests go to; `connect` it once it is built."""

    __slots__ = ("_application",)

    def __init__(self) -> None:
        self._application: Asgi | None = None

    def connect(self, application: Asgi) -> None:
        """Set the application that receives the requests."""
        self._application = application

    async def send(self, request: PlaygroundRequest, peer: str) -> PlaygroundResponse:
        """The response to this request, as if it came from the network address `peer`."""
        if self._application is None:
            raise RuntimeError("requests are sent before the application is built")
        exchange = _Exchange(request.body)
        await self._application(_scope(request, peer), exchange.receive, exchange.send)
        return PlaygroundResponse(exchange.status, exchange.headers, bytes(exchange.body))


class _Exchange:
    """The ASGI messages of one request and its response."""

    def __init__(self, body: bytes) -> None:
        self.status = 500
        self.headers: tuple[tuple[str, str], ...] = ()
        self.body = bytearray()
        self._request: bytes | None = body

    async def receive(self) -> MutableMapping[str, Any]:
        body, self._request = self._request, None
        if body is None:
            await asyncio.Future()  # the playground waits for the response, and never disconnects
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = tuple(
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in message.get("headers", ())
            )
        else:
            self.body += message.get("body", b"")


def _scope(request: PlaygroundRequest, peer: str) -> MutableMapping[str, Any]:
    url = urlsplit(request.url)
    headers = [("host", url.netloc), *request.headers]
    if request.body:
        headers.append(("content-length", str(len(request.body))))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": url.path.encode("ascii"),
        "query_string": url.query.encode("ascii"),
        "root_path": "",
        "headers": [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers],
        "client": (peer, 0),
        "server": (url.hostname, url.port or (443 if url.scheme == "https" else 80)),
    }
