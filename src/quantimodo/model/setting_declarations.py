"""How a setting is declared: a field of a dataclass with a sentence for the operator and bounds."""

from dataclasses import field
from typing import Any


def setting(
    default: Any, description: str, *, least: Any = None, most: Any = None, secret: bool = False
) -> Any:
    """One value; `secret` masks it wherever settings are printed."""
    metadata = {"description": description, "least": least, "most": most, "secret": secret}
    return field(default=default, repr=not secret, metadata=metadata)


def section(title: str, default: Any) -> Any:
    """A table of values under a heading."""
    return field(default=default, metadata={"title": title})
