"""APIs of others that are registered here: resources (RFC 8707)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from quantimodo.model.clients import TokenFormat

BUILT_IN: Final = 0
"""The id of resources that are a part of this server beside the measurements API."""


class ResourceScope(NamedTuple):
    """A scope of one resource, with its text for the consent page."""

    name: str
    title: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A registered API, or one that is built in. `id` is never used again, also when the identifier
    is registered again.

    `clients` are the ids of the clients that may request it, empty for all; only clients that are
    listed get tokens for themselves. `introspected_by` are the ids of the clients that introspect
    its tokens. `token_lifetime` caps the lifetime of access tokens. `reviewed`: the operator has
    reviewed it, so that other people's applications may use it.
    """

    id: int
    identifier: str
    name: str
    created_at: datetime
    owner_id: int | None = None
    scopes: tuple[ResourceScope, ...] = ()
    clients: frozenset[str] = frozenset()
    introspected_by: frozenset[str] = frozenset()
    token_format: TokenFormat = "jwt"
    token_lifetime: timedelta | None = None
    documentation_uri: str = ""
    reviewed: bool = False
    revision: int = 0

    @property
    def built_in(self) -> bool:
        """Whether it is a part of this server, so that its scopes are those of the server."""
        return self.id == BUILT_IN
