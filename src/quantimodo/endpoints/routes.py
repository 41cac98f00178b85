"""The routes of endpoints, made from the table in `protocol/endpoints.py`. The OpenAPI document is
made from the same table.

Protocol endpoints and resources are plain callables over values of `http`, found in a
dictionary; pages are Starlette's.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from quantimodo.http.messages import Endpoint
from quantimodo.protocol.endpoint_entry import EndpointEntry, EndpointKind
from quantimodo.protocol.endpoints import IN_BROWSER, OF_AGENTS, OF_PROGRAMS

DECISION = "/api/v2/oauth/authorize/decision"
NAMES = tuple(entry.name for entry in OF_PROGRAMS)
"""The names of the endpoints that `api_routes` takes."""


@dataclass(frozen=True, slots=True)
class PageRoute:
    """One endpoint of the interface that Starlette serves: it shows pages, sets cookies, or has a
    provider's name in its path. `name` as in `ApiRoute`."""

    path: str
    methods: frozenset[str]
    name: str
    kind: EndpointKind = EndpointKind.PAGE


SHOWN = tuple(
    PageRoute(path, entry.methods, entry.name, entry.kind)
    for entry in IN_BROWSER
    for path in entry.paths
)


@dataclass(frozen=True, slots=True)
class ApiRoute:
    """One endpoint at one path, with the properties of its `EndpointEntry`; an alias shares the
    name. The endpoint finds a `{name}` at the end of the path as the request's `tail`."""

    path: str
    methods: frozenset[str]
    name: str
    endpoint: Endpoint
    cors: bool = True
    largest: int = 65_536
    searches: bool = False
    kind: EndpointKind = EndpointKind.API


class AgentEndpoints(NamedTuple):
    """The endpoints of the resource for agents."""

    mcp: Endpoint
    metadata: Endpoint


def api_routes(to: Mapping[str, Endpoint], *, legacy_transport: bool) -> Sequence[ApiRoute]:
    """All routes of programs; without legacy transport no endpoint takes or gives tokens by GET.

    `to` has each endpoint by its name in the table. Raises `ValueError` for one that is missing or
    that the table does not have.
    """
    if to.keys() != set(NAMES):
        raise ValueError(f"the table and the endpoints differ: {sorted(to.keys() ^ set(NAMES))}")
    return [
        route
        for entry in OF_PROGRAMS
        for route in _routes(entry, to[entry.name], legacy_transport=legacy_transport)
    ]


def agent_routes(to: AgentEndpoints) -> Sequence[ApiRoute]:
    """What is served if `mcp.enabled` is on. The OpenAPI document has it then."""
    return [
        route
        for entry, endpoint in zip(OF_AGENTS, to, strict=True)
        for route in _routes(entry, endpoint, legacy_transport=False)
    ]


def _routes(
    entry: EndpointEntry, endpoint: Endpoint, *, legacy_transport: bool
) -> Iterator[ApiRoute]:
    by_get = entry.legacy_get and legacy_transport
    methods = entry.methods | {"GET"} if by_get else entry.methods
    for path in entry.paths:
        yield ApiRoute(
            path,
            methods,
            entry.name,
            endpoint,
            entry.cors,
            entry.largest,
            entry.searches,
            entry.kind,
        )
