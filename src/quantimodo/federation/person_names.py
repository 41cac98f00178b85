"""The name of a person in the claims of a provider. Pure."""

from collections.abc import Mapping
from typing import Any

_LONGEST = 200
_PARTS = (("given_name", "family_name"), ("first_name", "last_name"))  # OpenID Connect; Facebook


def full_name(claims: Mapping[str, Any]) -> str:
    """`name`, or the given and the family name, in that order; "" if there is neither."""
    name = _text(claims, "name")
    if name:
        return name
    whole = (" ".join(filter(None, (_text(claims, part) for part in parts))) for parts in _PARTS)
    return next(filter(None, whole), "")


def has_full_name(claims: Mapping[str, Any]) -> bool:
    """Whether there is a `name`, or both parts of one."""
    return bool(_text(claims, "name")) or all(_text(claims, part) for part in _PARTS[0])


def display_name(name: str) -> str:
    """A name on one line, of limited length."""
    printable = "".join(each if each.isprintable() else " " for each in name)
    return " ".join(printable.split())[:_LONGEST]


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value.strip() if isinstance(value, str) else ""
