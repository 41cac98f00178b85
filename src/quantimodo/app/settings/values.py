"""Values of settings: their types, their bounds, and their texts."""

from datetime import timedelta
from typing import Any, get_args

import msgspec

from quantimodo.accounts.limits import Limit
from quantimodo.app.settings.durations import (
    format_duration,
    format_limit,
    parse_duration,
    parse_limit,
)
from quantimodo.app.settings.tree import Leaf


def checked_value(leaf: Leaf, value: Any, *, text: bool = False) -> Any:
    """The value of a setting in its own type; `text` if all types are spelled as text. Raises
    `ValueError`, which says what the setting must be."""
    try:
        found = _convert(leaf.kind, value, text=text)
    except ValueError:
        raise ValueError(f"must be {_expected(leaf.kind)}") from None
    too_little = leaf.least is not None and found < leaf.least
    if too_little or (leaf.most is not None and found > leaf.most):
        raise ValueError(f"must be {_bounds(leaf)}")
    return found


def _convert(kind: Any, value: Any, *, text: bool) -> Any:
    if kind in (timedelta, Limit):
        if not isinstance(value, str):
            raise ValueError
        return parse_duration(value) if kind is timedelta else parse_limit(value)
    if text and kind == tuple[str, ...]:
        value = [item.strip() for item in value.split(",") if item.strip()]
    if text and kind == bool | None:
        kind = bool
    return msgspec.convert(value, kind, strict=not text)


def _expected(kind: Any) -> str:
    if kind in (bool, bool | None):
        return "true or false"
    if kind is int:
        return "a whole number"
    if kind is timedelta:
        return "a duration such as 10s, 15m, 1h or 30d"
    if kind is Limit:
        return "a limit such as 10 per 15m"
    if kind == tuple[str, ...]:
        return "a list of texts"
    return "a text" if kind is str else " or ".join(filter(None, get_args(kind)))


def _bounds(leaf: Leaf) -> str:
    if leaf.most is None:
        return f"at least {format_value(leaf.least)}"
    return f"from {format_value(leaf.least)} to {format_value(leaf.most)}"


def format_value(value: Any) -> str:
    """The value as text for the environment."""
    match value:
        case timedelta():
            return format_duration(value)
        case Limit():
            return format_limit(value)
        case bool():
            return "true" if value else "false"
        case tuple():
            return ",".join(value)
    return "" if value is None else str(value)


def as_toml(value: Any) -> Any:
    """A value as a file in TOML has it: durations and limits are texts."""
    if isinstance(value, tuple):
        return list(value)
    return format_value(value) if isinstance(value, timedelta | Limit) else value
