"""Providers' responses as their documentation shows them, played back over ASGI to the real HTTP
client.

A recording is one method and address (without query) and its response; the requests are stored
for the test. An address without a recording fails the test.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import httpx
import msgspec

from quantimodo.outbound.http_client import GuardedHttpClient


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """One request as the provider saw it."""

    method: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]


@dataclass(slots=True)
class Recordings:
    """An ASGI application that answers from its recordings."""

    requested: list[ReceivedRequest] = field(default_factory=list)
    _responses: dict[tuple[str, str], tuple[int, bytes]] = field(default_factory=dict)

    def record(self, method: str, url: str, response: Any, status: int = 200) -> None:
        """Respond so from now on. `response`: JSON, or the body itself as bytes."""
        body = response if isinstance(response, bytes) else msgspec.json.encode(response)
        self._responses[method, url] = (status, body)

    def http_client(self) -> GuardedHttpClient:
        return GuardedHttpClient(transport=httpx.ASGITransport(app=self))

    def only(self, url: str) -> ReceivedRequest:
        """The one request that went there."""
        (found,) = [requested for requested in self.requested if requested.url == url]
        return found

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        url = f"{scope['scheme']}://{headers['host']}{scope['path']}"
        body = await _body(receive)
        query = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        self.requested.append(ReceivedRequest(scope["method"], url, headers, query, form))
        status, response = self._responses[scope["method"], url]
        json = [(b"content-type", b"application/json; charset=utf-8")]
        await send({"type": "http.response.start", "status": status, "headers": json})
        await send({"type": "http.response.body", "body": response})


async def _body(receive: Any) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body
