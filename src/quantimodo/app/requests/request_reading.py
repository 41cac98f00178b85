"""Reads a request from an ASGI scope, within the limits on its size."""

from collections.abc import MutableMapping
from itertools import chain
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from quantimodo.app.requests.proxies import CERTIFICATE, VERIFIED
from quantimodo.endpoints.routes import ApiRoute
from quantimodo.http.asgi import Receive, Scope
from quantimodo.http.errors import EncodedBody, TooLarge
from quantimodo.http.messages import Request
from quantimodo.protocol.errors import InvalidRequest

_LARGEST_BODY: Final = 65_536  # of a page's form
_LARGEST_UPLOAD: Final = 524_288  # a logo and its form
_LARGEST_IMPORT: Final = 5_242_880  # a table and its form
_LARGEST_HEADERS: Final = 32_768
_MOST_HEADERS: Final = 100


async def read_request(route: ApiRoute, scope: Scope, receive: Receive, method: str) -> Request:
    """The whole request. Raises `TooLarge`, `EncodedBody`, and `InvalidRequest` when the connection
    ends amid the body."""
    check_headers(scope)
    body = b""
    if method not in ("GET", "HEAD"):
        check_encoding(scope)
        body = await _read_body(receive, route.largest)
    client = scope.get("client")
    return Request(
        method="GET" if method == "HEAD" else method,
        path=scope["path"],
        query=scope["query_string"],
        headers=scope["headers"],
        body=body,
        address=client[0] if client else "",
        tail=_tail(scope) if route.path[-1] == "}" else "",
        head=method == "HEAD",
        certificate=scope.get(CERTIFICATE, ""),
        certificate_verified=scope.get(VERIFIED, True),
    )


def limited_receive(receive: Receive, path: str) -> Receive:
    """`receive` for a page; it raises `TooLarge` when the body exceeds what the page takes."""
    most = _LARGEST_BODY
    if path.endswith("/logo"):
        most = _LARGEST_UPLOAD
    elif path.endswith("/import"):
        most = _LARGEST_IMPORT
    total = 0

    async def limited() -> MutableMapping[str, Any]:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > most:
            raise TooLarge
        return message

    return limited


def _tail(scope: Scope) -> str:
    try:
        last: bytes = scope["raw_path"].rpartition(b"/")[2]
        return unquote_to_bytes(last).decode()
    except UnicodeError:
        raise InvalidRequest("the address is not properly encoded") from None


async def _read_body(receive: Receive, largest: int) -> bytes:
    body, has_more = bytearray(), True
    while has_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            # A partial request is never processed. The client does not receive the response.
            raise InvalidRequest("the request was cut off")
        body += message.get("body", b"")
        if len(body) > largest:
            raise TooLarge
        has_more = message.get("more_body", False)
    return bytes(body)


def check_headers(scope: Scope) -> None:
    """Raises `TooLarge` for too many header fields, or too many bytes of them."""
    headers = scope["headers"]
    total = sum(map(len, chain.from_iterable(headers)))
    if len(headers) > _MOST_HEADERS or total > _LARGEST_HEADERS:
        raise TooLarge


def check_encoding(scope: Scope) -> None:
    """Raises `EncodedBody` for a `Content-Encoding`: no body is decompressed (RFC 9110
    §15.5.16)."""
    headers = scope["headers"]
    if b"content-encoding" not in chain.from_iterable(headers):
        return  # the usual case, without a loop in Python
    for name, value in headers:
        if name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            raise EncodedBody
