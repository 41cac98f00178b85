"""What is said about one operation: values only, which the other modules fill in and
`document.py` spells out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
HTML = "text/html; charset=utf-8"

Security = tuple[Mapping[str, list[str]], ...]
Examples = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Content:
    """A body of one media type: the type it has, and examples by name."""

    media_type: str
    type: Any
    examples: Examples = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes back under one status. `headers` are names from `shared.py`."""

    description: str
    content: tuple[Content, ...] = ()
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one endpoint; `route` is its name in the table of routes.

    `query` and `body` are the types of the parameters, `bodies` the media types in which they may
    come. `shared` are statuses whose answer is the same everywhere (`shared.py`).
    """

    route: str
    method: Literal["GET", "POST"]
    id: str
    tag: str
    summary: str
    description: str
    answers: Mapping[int, Answer]
    query: type[msgspec.Struct] | None = None
    body: type[msgspec.Struct] | None = None
    bodies: tuple[str, ...] = (FORM,)
    body_required: bool = True
    examples: Examples = field(default_factory=dict)
    security: Security = ()
    shared: tuple[int, ...] = ()


def refusals(**texts: str) -> Examples:
    """Examples of RFC 6749 §5.2 errors: by code, with a text that the endpoint really gives."""
    return {
        code: {"error": code, "error_description": description}
        for code, description in texts.items()
    }
