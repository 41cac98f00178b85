"""Pages for development are served to a browser on this machine only.

These are `/outbox`, `/playground` and `/sandbox`.

security.md §14d: `settings/rules.py` requires a loopback issuer and a loopback host. This module
requires of each request that it comes from a loopback peer and names a loopback host. Behind a
local proxy the forwarded address decides, whether or not the proxy is trusted.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.app.requests.proxies import forwarded_for, parse_address
from quantimodo.http.errors import RequestRejected
from quantimodo.pages.page_context import Endpoint
from quantimodo.pages.page_services import PageRoute

_PATHS: Final = re.compile(r"/(?:outbox|playground|sandbox)(?:/.*)?")
_LOOPBACK_NAME: Final = re.compile(r"(?:127\.0\.0\.1|\[::1\]|localhost)(?::[0-9]{1,5})?", re.I)
# RFC 7239 §4: `for=` in each element; a value of another form is no address.
_FORWARDED: Final = re.compile(r"(?:^|[;,])\s*for\s*=\s*\"?([^\";,]*)", re.I)
_OTHER_PEER: Final = (
    "Only on the server's own machine",
    "This page for development is shown to a browser on the machine that the server runs on.",
)
_OTHER_NAME: Final = (
    "Not under this name",
    "This page is shown only under the address that the server printed when it started.",
)


def local_only(routes: Sequence[PageRoute]) -> list[PageRoute]:
    """The same routes; those of development pages refuse all but a browser on this machine."""
    return [
        (methods, path, _local(endpoint) if _PATHS.fullmatch(path) else endpoint)
        for methods, path, endpoint in routes
    ]


def _local(endpoint: Endpoint) -> Endpoint:
    async def respond(request: Request) -> Response:
        if not is_local_peer(request.scope):
            raise RequestRejected(*_OTHER_PEER, status=403, code="access_denied")
        # A site that a developer visits can resolve its own name to this machine (DNS rebinding).
        if not _LOOPBACK_NAME.fullmatch(request.headers.get("host", "")):
            raise RequestRejected(*_OTHER_NAME, status=421)
        return await endpoint(request)

    return respond


def is_local_peer(scope: Any) -> bool:
    """Whether the peer and every address that proxies forwarded are loopback addresses."""
    client = scope.get("client")
    return all(_is_loopback(each) for each in (client[0] if client else "", *_forwarded(scope)))


def _forwarded(scope: Any) -> list[str]:
    addresses = forwarded_for(scope)
    for name, value in scope["headers"]:
        text = value.decode("latin-1")
        if name == b"x-real-ip":
            addresses.append(text.strip())
        elif name == b"forwarded":
            addresses.extend(_FORWARDED.findall(text) or [""])
    return addresses


def _is_loopback(text: str) -> bool:
    address = parse_address(text.strip())
    return address is not None and address.is_loopback
