"""Authorization details (RFC 9396), in requests and in responses."""

from typing import Annotated, Final, Literal, Required, TypedDict

from quantimodo.openapi import fakes
from quantimodo.openapi.operation import described
from quantimodo.protocol.consent_details import TYPE

SLEEP_DETAILS: Final = [{"type": TYPE, "actions": ["read"], "categories": ["Sleep"], "days": 90}]


class AuthorizationDetail(TypedDict, total=False):
    """Health data that an app may use (RFC 9396). All members hold together; without `categories`,
    `variables`, `since` and `days` it is all of it."""

    type: Required[Annotated[Literal["health_measurements"], described("Always this type.", TYPE)]]
    actions: Required[
        Annotated[list[Literal["read", "write"]], described("What the app may do.", ["read"])]
    ]
    categories: Annotated[list[str], described("Names of variable categories.", ["Sleep"])]
    variables: Annotated[list[str], described("Names of variables.", ["Sleep Quality"])]
    since: Annotated[str, described("The earliest start time, in UTC.", "2026-01-31T00:00:00Z")]
    days: Annotated[int, described("The length of a window that ends now, in days.", 90, ge=1)]


RequestedDetails = Annotated[
    str,
    described(
        "The health data that the app needs, as JSON (RFC 9396). Without it: all that the scope"
        " opens.",
        fakes.DETAILS,
    ),
]
GrantedDetails = Annotated[
    list[AuthorizationDetail],
    described(
        "The health data that the scope opens. Missing when it opens all, unless the request"
        " had the parameter (RFC 9396).",
        SLEEP_DETAILS,
    ),
]
