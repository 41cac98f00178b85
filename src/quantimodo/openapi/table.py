"""All descriptions, joined with the addresses of the tables of routes.

A file describes one endpoint, or a few that belong together; it has a line in `OPERATIONS`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from quantimodo.endpoints.routes import NAMES, SHOWN, AgentEndpoints, agent_routes, api_routes
from quantimodo.http.messages import Request, Response
from quantimodo.openapi import (
    agents,
    authorize,
    current_consent,
    device_authorization,
    discovery,
    events,
    grants,
    introspection,
    login_jwt,
    logout,
    measurement_changes,
    measurements,
    monitoring,
    providers,
    pushed_requests,
    registration,
    revocation,
    social_login,
    token,
    token_exchange,
    token_request,
    units,
    user_me,
    userinfo,
    variables,
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

TOKEN_REQUEST_PARTS: Final = (
    token_request.AUTHORIZATION_CODE,
    token_request.REFRESH_TOKEN,
    token_request.CLIENT_CREDENTIALS,
    token_exchange.GRANT_TYPE,
    token_request.DPOP,
    device_authorization.GRANT_TYPE,
)
"""What each grant type and each extension adds to token requests, in the order of the texts."""

OPERATIONS: Final[Sequence[Operation]] = (
    *social_login.OPERATIONS,
    *login_jwt.OPERATIONS,
    *authorize.OPERATIONS,
    *logout.OPERATIONS,
    *token.operations(TOKEN_REQUEST_PARTS),
    *pushed_requests.OPERATIONS,
    *device_authorization.OPERATIONS,
    *revocation.OPERATIONS,
    *introspection.OPERATIONS,
    *grants.OPERATIONS,
    *user_me.OPERATIONS,
    *current_consent.OPERATIONS,
    *userinfo.OPERATIONS,
    *measurements.OPERATIONS,
    *measurement_changes.OPERATIONS,
    *variables.OPERATIONS,
    *units.OPERATIONS,
    *events.OPERATIONS,
    *registration.OPERATIONS,
    *discovery.OPERATIONS,
    *monitoring.OPERATIONS,
    *providers.OPERATIONS,
    *agents.OPERATIONS,
)


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
