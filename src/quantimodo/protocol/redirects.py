"""Redirect URIs: which may be registered, and when a requested one equals a registered one.

Owns these two rules only. A response goes exactly to the registered address.
"""

import re

from quantimodo.protocol import uris
from quantimodo.protocol.uris import InvalidUri

_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+")
_LOOPBACK = re.compile(
    r"(http://(?:127\.0\.0\.1|\[::1\]))(?::([0-9]{1,5}))?((?:[/?].*)?)", re.DOTALL
)
_LOCALHOST = re.compile(r"(http://localhost)(?::([0-9]{1,5}))?((?:[/?].*)?)", re.DOTALL)


def check_redirect_uri(uri: str) -> None:
    """Accept a URI for registration, or raise `InvalidUri`; its text is for people."""
    # RFC 6749 §3.1.2: no fragment.
    if "#" in uri:
        raise InvalidUri("must not have a fragment (the part after #)")
    # Stricter than RFC 3986: a star has no special meaning here, but developers expect a wildcard.
    if "*" in uri:
        raise InvalidUri("must not have a wildcard (*): each address is registered whole")
    parts = uris.parse_uri(uri)
    if parts.scheme in ("https", "http"):
        uris.check_web(parts)
    # RFC 8252 §7.1: a reversed domain name. `javascript`, `data` and similar schemes have no dot,
    # so they are refused.
    elif _PRIVATE_SCHEME.fullmatch(parts.scheme) is None:
        raise InvalidUri(
            "must be https, or an app's own scheme made of its domain, as com.example.app:/callback"
        )


def matches(registered: str, requested: str, *, public: bool = False) -> bool:
    """Whether `requested` is the registered URI: the same string.

    security.md §1: the one exception is the port of a loopback IP (RFC 8252 §7.3), and of
    `localhost` for a `public` client: native apps register it although RFC 8252 §8.3 advises
    against it.
    """
    if registered == requested:
        return True
    ours, theirs = _without_port(registered), _without_port(requested)
    if ours is None and public:
        ours, theirs = _without_port(registered, _LOCALHOST), _without_port(requested, _LOCALHOST)
    return ours is not None and ours == theirs


def portless(uri: str) -> str:
    """The common form of all URIs that match a registered one: no port for a loopback IP."""
    parts = _without_port(uri)
    return uri if parts is None else "".join(parts)


def is_claimed(uri: str) -> bool:
    """Whether a registered URI is an https address that only its owner receives (RFC 8252 §7.2):
    not a private-use scheme and not a loopback address, which any program on a device can take."""
    parts = uris.parse_uri(uri)
    return parts.scheme == "https" and not uris.is_loopback(parts)


def _without_port(uri: str, form: re.Pattern[str] = _LOOPBACK) -> tuple[str, str] | None:
    match = form.fullmatch(uri)
    if match is None or not uris.is_port(match[2]):
        return None
    return match[1], match[3]
