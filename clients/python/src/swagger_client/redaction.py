"""Texts without their secrets: for exceptions and log lines.

It finds secrets by the names of their fields, and the server's own tokens by their form. Requests
and responses themselves are not changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

HIDDEN = "•••"
_LONGEST = 4000
_SHORTEST_SECRET = 4

_NAMES = frozenset(
    {
        "accesstoken",
        "refreshtoken",
        "idtoken",
        "token",
        "logintoken",
        "clientsecret",
        "clientassertion",
        "assertion",
        "code",
        "codeverifier",
        "devicecode",
        "password",
        "secret",
        "apikey",
        "authorization",
        "proxyauthorization",
        "cookie",
        "setcookie",
    }
)
_ADDRESSES = frozenset({"location", "contentlocation", "referer", "link", "refresh"})
# The server's own tokens have a prefix; JWTs begin with the encoding of `{"`.
_TOKEN = re.compile(r"\bqm[a-z]_[\w-]{8,}|\beyJ[\w-]+\.[\w-]+\.[\w-]*(?:\.[\w-]*)*")
_PAIR = re.compile(r"""(?<![\w-])([A-Za-z_-]+)(=|%3D)([^&\s"'<>#;,]+)""")


def is_secret(name: str) -> bool:
    """Whether a parameter, field or header of this name carries a secret."""
    return re.sub(r"[_-]", "", name).lower() in _NAMES


def redacted_text(text: str, known: Iterable[str] = ()) -> str:
    """A body as it may be shown. `known`: secrets of this call, hidden wherever they occur."""
    try:
        text = json.dumps(_redacted(json.loads(text)), ensure_ascii=False)
    except (ValueError, RecursionError):
        text = _PAIR.sub(_without_value, text)
    text = _TOKEN.sub(HIDDEN, text)
    for secret in sorted(known, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, HIDDEN).replace(quote(secret, safe=""), HIDDEN)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"


def redacted_repr(value: Any) -> str:
    """`repr()` of a JSON value as it may be shown, at any depth."""
    return _TOKEN.sub(HIDDEN, repr(_redacted(value)))


def redacted_url(url: str) -> str:
    """An address as it may be shown: the values of secret parameters are left out."""
    parts = urlsplit(url)
    query = urlencode(_redacted_pairs(parts.query), safe=HIDDEN)
    fragment = urlencode(_redacted_pairs(parts.fragment), safe=HIDDEN)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, query=query, fragment=fragment).geturl()


def redacted_headers(headers: Mapping[str, str], known: Iterable[str] = ()) -> dict[str, str]:
    """Headers as they may be shown."""
    return {name: _header(name, value, known) for name, value in headers.items()}


def _header(name: str, value: str, known: Iterable[str]) -> str:
    if is_secret(name):
        return HIDDEN
    if name.lower().replace("-", "") in _ADDRESSES:
        value = _PAIR.sub(_without_value, value)
    return redacted_text(value, known) if value[:1] not in '{["' else HIDDEN


def _redacted_pairs(query: str) -> list[tuple[str, str]]:
    pairs = parse_qsl(query, keep_blank_values=True)
    return [(name, HIDDEN if value and is_secret(name) else value) for name, value in pairs]


def _without_value(match: re.Match[str]) -> str:
    name, equals, _ = match.groups()
    return f"{name}{equals}{HIDDEN}" if is_secret(name) else match[0]


def _redacted(value: Any, within: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _redacted_field(name, item, within) for name, item in value.items()}
    if isinstance(value, list):
        return [_redacted(item, within) for item in value]
    return value


def _redacted_field(name: str, value: Any, within: str) -> Any:
    # `error.code` names a fault ("invalid_token"); any other `code` is exchanged for tokens.
    if isinstance(value, str) and is_secret(name) and (within, name) != ("error", "code"):
        return HIDDEN
    if isinstance(value, str) and "://" in value:
        return _PAIR.sub(_without_value, value)
    return _redacted(value, name)
