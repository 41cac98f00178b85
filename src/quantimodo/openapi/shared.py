"""What more than one operation says: headers, responses that are the same everywhere, and the ways
to prove who one is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from quantimodo.openapi import fakes
from quantimodo.openapi.operation import Response, Security
from quantimodo.openapi.responses import refused
from quantimodo.protocol import app_events
from quantimodo.protocol.discovery import AUTHORIZE, TOKEN, metadata
from quantimodo.protocol.grant_management import QUERY, REVOKE
from quantimodo.protocol.resources import IDENTITY
from quantimodo.protocol.scopes import SCOPES


@dataclass(frozen=True, slots=True)
class Header:
    """A response header. `required`: it is never absent. `integer`: its value is an integer."""

    name: str
    description: str
    required: bool = True
    integer: bool = False


HEADERS: Final[Mapping[str, Header]] = {
    "NotStored": Header("Cache-Control", "`no-store`: the response is for this caller only."),
    "BasicChallenge": Header(
        "WWW-Authenticate", "`Basic`, when the app tried HTTP Basic.", required=False
    ),
    "BearerChallenge": Header(
        "WWW-Authenticate",
        "`Bearer`, with `error`, `error_description` and the missing `scope` (RFC 6750 §3); bare"
        " when no token was sent. `DPoP` with `algs` for tokens that are bound to a key (RFC 9449"
        " §7.1).",
    ),
    "Location": Header("Location", "The redirect."),
    "TotalCount": Header("Total-Count", "The total number.", integer=True),
    "Link": Header("Link", "The other pages (RFC 8288): `first`, `prev`, `next`, `last`."),
    "RetryAfter": Header("Retry-After", "Seconds to wait before the next attempt.", integer=True),
}

TOO_LARGE: Final = refused(
    "The body is larger than 64 KiB, or the headers are larger than 32 KiB.",
    {"invalid_request": "the request is too large"},
)

RESPONSES: Final[Mapping[int, tuple[str, Response]]] = {
    413: ("TooLarge", TOO_LARGE),
    500: (
        "Incident",
        refused(
            "An internal error. The operator finds its cause in the log by the number.",
            {
                "server_error": "something went wrong on our side;"
                f" the operator finds it as incident {fakes.INCIDENT}"
            },
            incident=fakes.INCIDENT,
        ),
    ),
    503: (
        "Unavailable",
        refused(
            "The database does not respond now. Nothing was changed.",
            {"temporarily_unavailable": "try again in a moment"},
            "RetryAfter",
            incident=fakes.INCIDENT,
        ),
    ),
}

BY_CLIENT: Final[Security] = ({"clientBasic": []}, {})
"""An app by HTTP Basic; or by `client_id` and `client_secret` among the parameters."""

OPERATOR: Final[Security] = ({"operator": []},)
BY_ANY_TOKEN: Final[Security] = ({"bearer": []}, {"tokenInQuery": []})


_OF_GRANTS: Final = {
    QUERY: "Query the grants that the app manages",
    REVOKE: "Revoke the grants that the app manages",
    app_events.SCOPE: "Read the events of the app",
}


def by_token(scope: str) -> Security:
    """Either way to present an access token that opens `scope`.

    Not by the scheme `oauth2`, which describes how to get one: generated TypeScript clients would
    send the token without `Bearer` before it.
    """
    return ({"bearer": [scope]}, {"tokenInQuery": []})


def security_schemes(issuer: str, *, legacy_transport: bool) -> dict[str, Any]:
    """The authentication methods, by the names that operations use."""
    schemes: dict[str, Any] = {
        "oauth2": {
            "type": "oauth2",
            "description": "OAuth 2. Use the code flow, with PKCE.",
            "flows": _flows(issuer),
        },
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "An access token in the `Authorization` header (RFC 6750 §2.1). A"
            " personal token (`qmp_…`) works in the same way. One that"
            " is bound to a key has the scheme `DPoP`, and a proof in the header `DPoP` (RFC 9449"
            " §7.1).",
        },
        "clientBasic": {
            "type": "http",
            "scheme": "basic",
            "description": "By HTTP Basic: id and secret of the app, form-urlencoded (RFC 6749"
            " §2.3.1).",
        },
        "operator": {
            "type": "http",
            "scheme": "bearer",
            "description": "The token that the operator set as `metrics_token`.",
        },
    }
    if legacy_transport:
        schemes["tokenInQuery"] = {
            "type": "apiKey",
            "in": "query",
            "name": "access_token",
            "description": "An access token in the address, as clients of 2016 send it (RFC 6750"
            " §2.3). Addresses end up in logs: prefer the header. Refused for strict apps.",
        }
    return schemes


def _flows(issuer: str) -> dict[str, Any]:
    scopes = {name: SCOPES[name].title for name in metadata(issuer)["scopes_supported"]}
    return {
        "authorizationCode": {
            "authorizationUrl": issuer + AUTHORIZE,
            "tokenUrl": issuer + TOKEN,
            "refreshUrl": issuer + TOKEN,
            "scopes": scopes,
        },
        "clientCredentials": {
            "tokenUrl": issuer + TOKEN,
            "scopes": {name: title for name, title in scopes.items() if name not in IDENTITY}
            | _OF_GRANTS,
        },
    }
