"""The authentication methods as security schemes."""

from typing import Any, Final

from quantimodo.protocol import app_events
from quantimodo.protocol.discovery import AUTHORIZE, TOKEN, metadata
from quantimodo.protocol.grant_management import QUERY, REVOKE
from quantimodo.protocol.resources import IDENTITY
from quantimodo.protocol.scopes import SCOPES

_OF_GRANTS: Final = {
    QUERY: "Query the grants that the app manages",
    REVOKE: "Revoke the grants that the app manages",
    app_events.SCOPE: "Read the events of the app",
}


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
