"""Which scope a message needs.

The message is read here before the SDK reads it, so that a refusal is an HTTP status with a
challenge (MCP 2026-07-28, Authorization, Scope Challenge Handling).
"""

from collections.abc import Mapping
from typing import Any

import msgspec


class _Call(msgspec.Struct):
    method: str
    params: dict[str, Any] = {}


_read = msgspec.json.Decoder(_Call).decode


def called_tool(body: bytes) -> str | None:
    """The name of the tool that this message calls; None for any other message, and for one that
    is not valid, which the SDK refuses."""
    try:
        call = _read(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    name = call.params.get("name") if call.method == "tools/call" else None
    return name if isinstance(name, str) else None


def needed_scope(body: bytes, scopes: Mapping[str, str]) -> str | None:
    """The scope of the tool that this message calls; None if it calls no known tool."""
    name = called_tool(body)
    return None if name is None else scopes.get(name)
