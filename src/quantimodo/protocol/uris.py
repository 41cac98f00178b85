"""Validates web addresses from untrusted callers (RFC 3986).

Owns the grammar and the errors, not the purpose of an address. No address is parsed and
reassembled: an accepted one stays exactly as it is.
"""

import ipaddress
import re
from dataclasses import dataclass

LONGEST = 2000

# RFC 3986 §2: the characters of a URI. Spaces, backslashes, quotes, control and non-ASCII
# characters are not among them; parsers read them differently.
_CHARACTERS = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")
_PARTS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?://([^/?#]*))?.*")
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_LOOPBACK_HOSTS = frozenset({"127.0.0.1", "[::1]", "localhost"})


class InvalidUri(ValueError):
    """The address is invalid; the text has the reason, for people, and never echoes it."""


@dataclass(frozen=True, slots=True)
class Uri:
    """The scheme, and the host in lower case (None: it has none)."""

    scheme: str
    host: str | None


def parse_uri(uri: str) -> Uri:
    """The parts of a valid absolute URI. Raises `InvalidUri`."""
    _check_characters(uri)
    match = _PARTS.fullmatch(uri)
    if match is None:
        raise InvalidUri("must be absolute: begin with https:// or with an app's own scheme")
    scheme, authority = match.groups()
    if scheme != scheme.lower():
        raise InvalidUri("must have its scheme (the part before the colon) in lower case")
    return Uri(scheme, _host(authority))


def check_web_address(uri: str) -> None:
    """Accept an https address, or http on this machine, or raise `InvalidUri`."""
    check_web(parse_uri(uri))


def check_web(uri: Uri) -> None:
    """Accept https with a host, or http to loopback, which never leaves the machine."""
    if uri.scheme not in ("https", "http"):
        raise InvalidUri("must begin with https://")
    if uri.host is None:
        raise InvalidUri("must have a valid host, as in https://app.example/")
    # RFC 9700 §2.6: nothing in plain http over a network.
    if uri.scheme == "http" and uri.host not in _LOOPBACK_HOSTS:
        raise InvalidUri("must be https; http is for 127.0.0.1, [::1] and localhost only")


def is_loopback(uri: Uri) -> bool:
    """Whether the host is this machine, by an address or as `localhost`."""
    return uri.host in _LOOPBACK_HOSTS


def is_port(digits: str | None) -> bool:
    """Whether these ASCII digits are a TCP port; None (none given) is fine."""
    return digits is None or 0 < int(digits) <= 65535


def _check_characters(uri: str) -> None:
    if not uri:
        raise InvalidUri("must not be empty")
    if len(uri) > LONGEST:
        raise InvalidUri(f"must not be longer than {LONGEST} characters")
    if _CHARACTERS.fullmatch(uri) is None:
        raise InvalidUri(
            "has a character that an address cannot have (space, backslash, control, non-ASCII)"
        )


def _host(authority: str | None) -> str | None:
    if not authority:
        return None
    if "@" in authority:
        raise InvalidUri("must not have a user name or password")
    match = _AUTHORITY.fullmatch(authority)
    if match is None or not is_port(match[2]) or not _is_host(match[1]):
        raise InvalidUri("must have a valid host, as in https://app.example/")
    return match[1].lower()


def _is_host(text: str) -> bool:
    if text.startswith("["):
        return _is_ipv6(text[1:-1])
    return len(text) <= 253 and _NAME.fullmatch(text) is not None


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True
