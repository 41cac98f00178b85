"""All descriptions, joined with the addresses of the tables of routes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from quantimodo.endpoints.routes import (
    NAMES,
    SHOWN,
    AgentEndpoints,
    agent_routes,
    api_routes,
)
from quantimodo.http.messages import Request, Response
from quantimodo.openapi import (
    agents,
    authorize,
    events,
    grants,
    logout,
    measurements,
    providers,
    public,
    registration,
    resources,
    social,
    tokens,
)
from quantimodo.openapi.operation import Operation

ABOUT: Final = (
    "Sign-in and access for apps, by OAuth 2 and OpenID Connect.\n\n"
    "Invalid input gets a 4xx status, an `error` for programs and an `error_description`"
    " for you; neither echoes the input. A method that an address does not support gets 405 and"
    " an `Allow` header. `HEAD` works wherever `GET` does, except at the token endpoint."
    " Scripts of any origin may call operations without cookies (CORS).\n\n"
    "Parameters have the names of the RFCs. The spellings of 2016 (`clientId` and the like) are"
    " accepted too; both with different values, or one twice, are refused."
)

OPERATIONS: Final[Sequence[Operation]] = (
    *social.OPERATIONS,
    *authorize.OPERATIONS,
    *logout.OPERATIONS,
    *tokens.OPERATIONS,
    *grants.OPERATIONS,
    *resources.OPERATIONS,
    *measurements.OPERATIONS,
    *events.OPERATIONS,
    *registration.OPERATIONS,
    *public.OPERATIONS,
    *providers.OPERATIONS,
    *agents.OPERATIONS,
)

TAGS: Final = {
    social.TAG: "Sign-in by a person's account at a provider, and the login JWT.",
    authorize.TAG: "Endpoints for a person's browser.",
    tokens.TAG: "Endpoints to get, revoke and check tokens.",
    resources.TAG: "Resources for an access token.",
    measurements.TAG: "Measurements: the scopes `readmeasurements` and `writemeasurements`.",
    events.TAG: "What an app learns about its people: a list to ask for, and webhooks.",
    registration.TAG: "Apps register and manage themselves here, if the operator allows it.",
    public.DISCOVERY: "Public documents.",
    public.WATCHING: "For the operator's monitoring.",
    providers.TAG: "Addresses to register with Google, Facebook and others. Apps do not call them.",
    agents.TAG: agents.ABOUT,
}


@dataclass(frozen=True, slots=True)
class Place:
    """An address, its methods, and the name of its endpoint."""

    path: str
    methods: frozenset[str]
    name: str


def places(*, legacy_transport: bool, agents: bool) -> Sequence[Place]:
    """Every address of the interface. The first of a name is its own, the others are aliases.
    `agents`: whether the server has those of the MCP server.

    HEAD is left out: it is the same as GET without the body.
    """
    nothing = dict.fromkeys(NAMES, _nowhere)
    routes = [*api_routes(nothing, legacy_transport=legacy_transport)]
    if agents:
        routes += agent_routes(AgentEndpoints(_nowhere, _nowhere))
    return (
        *(Place(route.path, route.methods, route.name) for route in SHOWN),
        *(Place(route.path, route.methods - {"HEAD"}, route.name) for route in routes),
    )


async def _nowhere(request: Request) -> Response:
    raise AssertionError("this table is read only")
