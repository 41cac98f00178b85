"""All descriptions, and the addresses that they are about: those of the tables that serve."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

from quantimodo.endpoints.routes import SHOWN, ApiEndpoints, api_routes
from quantimodo.http.messages import Request, Response
from quantimodo.openapi import (
    authorize,
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
    "Bad input is answered with a 4xx status, an `error` for programs and an `error_description`"
    " for you; neither repeats what was sent. A method that an address does not know gets 405 and"
    " an `Allow` header. Wherever `GET` is answered, `HEAD` is too, but not where tokens are got."
    " Scripts of any origin may call what needs no cookie (CORS).\n\n"
    "Parameters have the names of the RFCs. The spellings of 2016 (`clientId` and the like) are"
    " taken as well; both with different values, or one twice, are refused."
)

OPERATIONS: Final[Sequence[Operation]] = (
    *social.OPERATIONS,
    *authorize.OPERATIONS,
    *logout.OPERATIONS,
    *tokens.OPERATIONS,
    *resources.OPERATIONS,
    *measurements.OPERATIONS,
    *registration.OPERATIONS,
    *public.OPERATIONS,
    *providers.OPERATIONS,
)

TAGS: Final = {
    social.TAG: "Sign-in by an account that a person has elsewhere, and the JWT that comes of it.",
    authorize.TAG: "Where a person's browser is sent to.",
    tokens.TAG: "What an app calls to get, end and check tokens.",
    resources.TAG: "What an access token opens.",
    measurements.TAG: "What people measure: what `readmeasurements` and `writemeasurements` open.",
    registration.TAG: "Where apps register and manage themselves, if the operator allows it.",
    public.DISCOVERY: "Documents that anybody may read.",
    public.WATCHING: "For the operator's machines.",
    providers.TAG: "What is registered with Google, Facebook and the others; apps call none of it.",
}


@dataclass(frozen=True, slots=True)
class Place:
    """An address, the methods that it answers to, and the name of the endpoint there."""

    path: str
    methods: frozenset[str]
    name: str


def places(*, legacy_transport: bool) -> Sequence[Place]:
    """Every address of the interface. The first of a name is its own, the others are aliases.

    HEAD is left out: it brings nothing of its own.
    """
    nothing = ApiEndpoints(**{each.name: _nowhere for each in fields(ApiEndpoints)})
    routes = api_routes(nothing, legacy_transport=legacy_transport)
    return (
        *(Place(route.path, route.methods, route.name) for route in SHOWN),
        *(Place(route.path, route.methods - {"HEAD"}, route.name) for route in routes),
    )


async def _nowhere(request: Request) -> Response:
    raise AssertionError("this table is for reading")
