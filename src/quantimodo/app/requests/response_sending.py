"""Sends a response by ASGI messages."""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, Final

from quantimodo.http.asgi import WHOLE, Receive, Scope, Send
from quantimodo.http.disconnects import ClientDisconnected, disconnected, next_chunk
from quantimodo.http.messages import Headers, Response

_MOST_HEADS: Final = 512
_UNFIT_NAME: Final = re.compile(rb"[^!#$%&'*+.^_`|~0-9A-Za-z-]")
_UNFIT_VALUE: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_NONE: Final[Mapping[str, Any]] = {}


class ResponseSender:
    """Sends responses with the headers that every response has. One per worker."""

    def __init__(self, *, https: bool) -> None:
        # security.md §19: browsers that have used https never use http again.
        hsts = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
        self.always: tuple[tuple[bytes, bytes], ...] = (hsts,) if https else ()
        self._heads: dict[Headers, bytes] = {}

    def send_whole(self, response: Response, scope: Scope) -> bool:
        """Send the response by one call, if it has no chunks and the server supports it. Returns
        whether it is sent; otherwise the caller calls `send`."""
        whole = scope.get("extensions", _NONE).get(WHOLE)
        if whole is None or response.chunks is not None:
            return False
        head = self._heads.get(response.headers)
        if head is None:
            head = self._head(response.headers)
        sent: bool = whole(response.status, head, response.body)
        return sent

    async def send(self, response: Response, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response by messages: in two, or streamed if it has chunks."""
        if response.chunks is not None:
            await self._stream(response, response.chunks, scope, receive, send)
            return
        length = (b"content-length", b"%d" % len(response.body))
        await send(
            {
                "type": "http.response.start",
                "status": response.status,
                "headers": [*response.headers, *self.always, length],
            }
        )
        body = b"" if scope["method"] == "HEAD" else response.body
        await send({"type": "http.response.body", "body": body})

    async def _stream(
        self,
        response: Response,
        chunks: AsyncGenerator[bytes, None],
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """A body of any length. A failure ends the connection, so that no client takes a part for
        the whole. The work stops when the client disconnects."""
        headers = [*response.headers, *self.always]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        if scope["method"] != "HEAD":
            leaving = asyncio.create_task(disconnected(receive), name="leaving")
            try:
                async with aclosing(chunks):
                    while (chunk := await next_chunk(leaving, chunks)) is not None:
                        part = {"type": "http.response.body", "body": chunk, "more_body": True}
                        await send(part)
            except ClientDisconnected:
                return
            finally:
                leaving.cancel()
        await send({"type": "http.response.body", "body": b""})

    def _head(self, headers: Headers) -> bytes:
        """The lines of these headers, cached, because endpoints use few combinations."""
        for name, value in headers:
            if _UNFIT_NAME.search(name) or _UNFIT_VALUE.search(value):
                raise ValueError("a header of a response is malformed")
        if len(self._heads) >= _MOST_HEADS:
            self._heads.clear()
        lines = b"".join([b"%b: %b\r\n" % header for header in (*headers, *self.always)])
        self._heads[headers] = lines
        return lines
