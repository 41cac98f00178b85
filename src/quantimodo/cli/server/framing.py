"""The rules for the head of a request (RFC 9112 §3, §6). Pure.

llhttp, which httptools wraps, checks line ends, folding, whitespace, `Content-Length` and chunks
strictly. This module adds the checks that llhttp leaves to its caller.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

HeaderLines = Sequence[tuple[bytes, bytes]]

_MATTERS: Final = frozenset(
    {b"host", b"transfer-encoding", b"content-length", b"expect", b"upgrade"}
)
# RFC 3986 §3.2.2 without sub-delims, which no host has: a comma would be two fields in one.
_HOST: Final = re.compile(
    rb"(?:(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?"
)
_ABSOLUTE: Final = re.compile(rb"https?://([^/?#]*)([^?#]*)(\?[^#]*)?", re.IGNORECASE)


class FramingError(Exception):
    """The request is refused, and its connection is closed after the response."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def check_head(version: str, method: bytes, headers: HeaderLines) -> bool:
    """Whether the client waits for `100 Continue` before it sends a body. Raises `FramingError`.

    The names in `headers` are in lower case.
    """
    host: bytes | None = None
    has_body = expects = False
    for name, value in headers:
        if name not in _MATTERS:
            continue
        if name == b"host":
            if host is not None:
                raise FramingError(400, "the Host header is repeated")
            host = value
        elif name == b"content-length":
            has_body = has_body or value != b"0"
        elif name == b"expect":
            expects = value.lower() == b"100-continue"
        elif name == b"transfer-encoding":
            # RFC 9112 §6.1: unknown codings, and any with HTTP/1.0, leave the length unknown.
            if value.lower() != b"chunked" or version == "1.0":
                raise FramingError(400, "the Transfer-Encoding is not supported")
            has_body = True
    if version not in ("1.1", "1.0"):
        raise FramingError(400, "the HTTP version is not supported")
    if method == b"CONNECT":
        raise FramingError(400, "CONNECT is not supported")
    # RFC 9112 §3.2: missing only with HTTP/1.0, and never malformed.
    if host is None:
        if version == "1.1":
            raise FramingError(400, "the Host header is missing")
    elif not _is_host(host):
        raise FramingError(400, "the Host header is malformed")
    return expects and has_body and version == "1.1"


def split_target(target: bytes, method: bytes) -> tuple[bytes, bytes]:
    """The raw path and the query of a request target (RFC 9112 §3.2). Raises `FramingError`."""
    if target[:1] == b"/" and b"#" not in target:
        path, _, query = target.partition(b"?")
        return path, query
    if target == b"*" and method == b"OPTIONS":
        return target, b""
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None or not _is_host(absolute[1]):
        raise FramingError(400, "the request target is malformed")
    return absolute[2] or b"/", (absolute[3] or b"?")[1:]


def head_without_upgrade(method: bytes, target: bytes, version: str, headers: HeaderLines) -> bytes:
    """The same head without its `Upgrade` fields, for a fresh parser.

    RFC 9110 §7.8: a server may ignore `Upgrade`; a parser that stops at it skips the body.
    """
    lines = [b"%b %b HTTP/%b\r\n" % (method, target, version.encode())]
    lines += [b"%b: %b\r\n" % line for line in headers if line[0] != b"upgrade"]
    return b"".join((*lines, b"\r\n"))


@lru_cache(maxsize=64)
def _is_host(value: bytes) -> bool:
    return _HOST.fullmatch(value) is not None
