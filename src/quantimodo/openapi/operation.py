"""The description of one operation: values only, which the other modules fill in and
`document.py` spells out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from msgspec import Meta

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
HTML = "text/html"

Examples = Mapping[str, Any]
Security = tuple[Mapping[str, list[str]], ...]


@dataclass(frozen=True, slots=True)
class Content:
    """A body of one media type: its type, and examples by name."""

    media_type: str
    type: Any
    examples: Examples = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Response:
    """The response with one status. `headers` are names of `responses.HEADERS`."""

    description: str
    content: tuple[Content, ...] = ()
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one endpoint; `route` is the name of that endpoint in the table of routes.

    `query`, `path` and `body` are the types of the parameters, `bodies` the media types that a body
    may have, `many` whether it is an array of them. `shared` are statuses that read the
    same everywhere (`responses.RESPONSES`). `twin_of`: the id of the operation that this one
    repeats by another method.
    """

    route: str
    method: Literal["GET", "POST", "PUT", "DELETE"]
    id: str
    tag: str
    summary: str
    description: str
    responses: Mapping[int, Response]
    query: Any = None
    path: Any = None
    body: Any = None
    bodies: tuple[str, ...] = (FORM,)
    many: bool = False
    examples: Examples = field(default_factory=dict)
    security: Security = ()
    shared: tuple[int, ...] = ()
    twin_of: str = ""


def described(description: str, example: Any, **constraints: Any) -> Meta:
    """The description of one field."""
    return Meta(description=description, examples=[example], **constraints)
