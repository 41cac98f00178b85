"""The settings in force as an operator sees them: without any secret, and where each comes from."""

from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from quantimodo.app.settings.reading import Settings, format_value
from quantimodo.app.settings.tree import Leaf, leaves, provider_leaves

_HIDDEN: Final = "•••"
_ADDRESSES: Final = ("database", "smtp.url")  # only the password in them is hidden


class ShownSetting(NamedTuple):
    name: str
    value: str
    origin: str


def shown_settings(settings: Settings, origins: Mapping[str, str]) -> list[ShownSetting]:
    """Every setting; `origins` names where the values come from that are not the default."""
    every = [*leaves(), *(leaf for name in settings.providers for leaf in provider_leaves(name))]
    return [
        ShownSetting(leaf.name, masked(leaf, settings), origins.get(leaf.name, "default"))
        for leaf in every
    ]


def masked(leaf: Leaf, tree: Settings) -> str:
    """The value of a setting for the operator, without any secret in it."""
    text = format_value(leaf.of(tree))
    if not leaf.secret or not text:
        return text
    if leaf.name not in _ADDRESSES:
        return _HIDDEN
    return text if text.startswith("sqlite:") else _without_password(text)


def _without_password(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return _HIDDEN
    # Neither the password nor the query, where a database address may have one too.
    user = f"{parts.username}:{_HIDDEN}@" if parts.username else ""
    return f"{parts.scheme}://{user}{host}{port}{parts.path}"
