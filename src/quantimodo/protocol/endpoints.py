"""The endpoints of the interface: one row each.

The table of routes, metadata documents, the statistics, the logs of applications and the audiences
of client assertions derive from this table.
"""

from collections.abc import Mapping
from typing import Final

from quantimodo.model.texts import N_
from quantimodo.protocol import social_login as social
from quantimodo.protocol.endpoint_entry import GET, EndpointEntry, EndpointKind

_POST: Final = frozenset({"POST"})
_GET_AND_POST: Final = GET | _POST
_ONE: Final = GET | {"PUT", "DELETE"}
# Without HEAD: a preview of a link must not use up its token.
_ONCE: Final = frozenset({"GET", "POST"})
_LARGEST_POST: Final = 4_194_304  # ten thousand measurements, with notes
_RESOURCES: Final = "/.well-known/oauth-protected-resource"

IN_BROWSER: Final = (
    EndpointEntry(
        name="authorize",
        paths=("/api/v2/oauth/authorize", "/api/v2/oauth2/authorize"),
        methods=_ONCE,
        title=N_("Authorization"),
        member="authorization_endpoint",
        kind=EndpointKind.PAGE_OR_ENVELOPE,
    ),
    EndpointEntry(
        name="logout",
        paths=("/api/v2/oauth2/logout",),
        methods=_ONCE,
        member="end_session_endpoint",
        kind=EndpointKind.PAGE,
    ),
    EndpointEntry(
        name="check_session",
        paths=("/api/v2/oauth2/check_session",),
        methods=frozenset({"GET"}),
        member="check_session_iframe",
        kind=EndpointKind.PAGE,
    ),
    EndpointEntry(
        name="social_login",
        paths=(social.LOGIN,),
        methods=frozenset({"GET"}),
        kind=EndpointKind.PAGE_OR_ENVELOPE,
    ),
    EndpointEntry(
        name="social_callback", paths=(social.CALLBACK,), methods=_ONCE, kind=EndpointKind.PAGE
    ),
    EndpointEntry(
        name="social_initiated", paths=(social.INITIATE,), methods=_ONCE, kind=EndpointKind.PAGE
    ),
    EndpointEntry(
        name="social_frontchannel_logout",
        paths=(social.FRONTCHANNEL_LOGOUT,),
        methods=frozenset({"GET"}),
        kind=EndpointKind.PAGE,
    ),
    *(
        EndpointEntry(name=name, paths=(path,), methods=_POST, kind=EndpointKind.SECURITY_EVENT)
        for name, path in (
            ("social_notifications", social.NOTIFICATIONS),
            ("social_deauthorize", social.DEAUTHORIZE),
            ("social_deletion", social.DATA_DELETION),
        )
    ),
)
"""Those that show pages, set cookies, or have a provider's name in their path."""

OF_PROGRAMS: Final = (
    EndpointEntry(
        name="token",
        paths=("/api/v2/oauth2/access_token", "/api/v2/oauth/access_token"),
        methods=_POST,
        group="tokens",
        title=N_("Tokens"),
        member="token_endpoint",
        authenticates=True,
        legacy_get=True,
    ),
    EndpointEntry(
        name="pushed_request",  # RFC 9126 §5
        paths=("/api/v2/oauth2/par",),
        methods=_POST,
        group="requests",
        title=N_("Pushed requests"),
        member="pushed_authorization_request_endpoint",
        authenticates=True,
    ),
    EndpointEntry(
        name="device_authorization",  # RFC 8628 §4
        paths=("/api/v2/oauth2/device_authorization",),
        methods=_POST,
        group="requests",
        title=N_("Device authorization"),
        member="device_authorization_endpoint",
        authenticates=True,
    ),
    EndpointEntry(
        name="revoke",
        paths=("/api/v2/oauth2/revoke", "/api/v2/oauth/revoke"),
        methods=_POST,
        group="introspection",
        title=N_("Revocation"),
        member="revocation_endpoint",
        authenticates=True,
    ),
    EndpointEntry(
        name="introspect",
        paths=("/api/v2/oauth2/introspect", "/api/v2/oauth/introspect"),
        methods=_POST,
        group="introspection",
        title=N_("Introspection"),
        member="introspection_endpoint",
        authenticates=True,
        cors=False,
    ),
    EndpointEntry(
        name="userinfo",
        paths=("/api/v2/oauth2/userinfo", "/api/v2/oauth/userinfo"),
        methods=_GET_AND_POST,
        group="profile",
        member="userinfo_endpoint",
        certificates=True,
    ),
    EndpointEntry(
        name="grant",  # Grant Management §7.1
        paths=("/api/v2/oauth2/grants/{grant_id}",),
        methods=GET | {"DELETE"},
        group="profile",
        member="grant_management_endpoint",
        certificates=True,
    ),
    EndpointEntry(name="user_me", paths=("/api/v1/user/me",), group="profile"),
    EndpointEntry(name="current_consent", paths=("/api/v2/consents/current",), group="profile"),
    EndpointEntry(name="events", paths=("/api/v2/events",), group="profile"),
    EndpointEntry(
        name="measurements",
        paths=("/api/v1/measurements",),
        methods=_GET_AND_POST,
        group="measurements",
        largest=_LARGEST_POST,
        searches=True,
    ),
    EndpointEntry(
        name="measurements_csv",
        paths=("/api/v2/measurements/csv",),
        group="measurements",
        searches=True,
    ),
    EndpointEntry(
        name="measurement", paths=("/api/v2/measurements/{id}",), methods=_ONE, group="measurements"
    ),
    EndpointEntry(
        name="application_measurements",
        paths=("/api/v2/application/measurements",),
        group="measurements",
        searches=True,
    ),
    *(
        EndpointEntry(name=name, paths=(path,), group="measurements", searches=searches)
        for name, path, searches in (
            ("variables", "/api/v1/variables", True),
            ("variable", "/api/v1/variables/{name}", True),
            ("variable_categories", "/api/v1/variableCategories", False),
            ("units", "/api/v1/units", False),
            ("unit_categories", "/api/v1/unitCategories", False),
        )
    ),
    # A code is no token: it is good once, and came by an address anyway.
    EndpointEntry(
        name="social_code",
        paths=(social.AUTHORIZE_CODE,),
        methods=_ONCE,
        group="tokens",
        kind=EndpointKind.ENVELOPE,
    ),
    EndpointEntry(
        name="social_token",
        paths=(social.AUTHORIZE_TOKEN,),
        methods=_POST,
        group="tokens",
        kind=EndpointKind.ENVELOPE,
        legacy_get=True,
    ),
    EndpointEntry(
        name="register", paths=("/api/v2/oauth2/register",), methods=_POST, group="requests"
    ),
    EndpointEntry(
        name="registration",
        paths=("/api/v2/oauth2/register/{client_id}",),
        methods=_ONE,
        group="requests",
    ),
    EndpointEntry(
        name="metadata",
        paths=("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"),
        group="documents",
    ),
    # RFC 9728 §3.1: the path of the identifier is inserted. Clients that know only the host try the
    # address without it.
    EndpointEntry(
        name="resource_metadata", paths=(f"{_RESOURCES}/api", _RESOURCES), group="documents"
    ),
    EndpointEntry(
        name="key_set", paths=("/.well-known/jwks.json",), group="documents", member="jwks_uri"
    ),
    EndpointEntry(
        name="provider_key_set", paths=(social.PROVIDER_KEYS,), group="documents", cors=False
    ),
    EndpointEntry(name="openapi", paths=("/api/openapi.json",), group="documents"),
    EndpointEntry(name="openapi_yaml", paths=("/api/openapi.yaml",), group="documents"),
    EndpointEntry(name="alive", paths=("/health/live",), cors=False),
    EndpointEntry(name="ready", paths=("/health/ready",), cors=False),
    EndpointEntry(name="metrics", paths=("/metrics",), cors=False),
)
"""Those over plain values of `http`."""

OF_AGENTS: Final = (
    EndpointEntry(name="mcp", paths=("/mcp",), methods=_POST, group="agents"),
    EndpointEntry(name="mcp_metadata", paths=(f"{_RESOURCES}/mcp",), group="documents"),
)
"""Those that are served if `mcp.enabled` is on. The tools describe themselves."""

_ALL: Final = (*IN_BROWSER, *OF_PROGRAMS, *OF_AGENTS)
PATHS: Final[Mapping[str, str]] = {entry.name: entry.paths[0] for entry in _ALL}
"""The path of each endpoint by its name, without aliases."""
LOGGED: Final[Mapping[str, str]] = {entry.name: entry.title for entry in _ALL if entry.title}
"""The endpoints whose refusals are in the logs of applications, and what pages call them."""
MEMBERS: Final[Mapping[str, str]] = {entry.member: entry.address for entry in _ALL if entry.member}
"""The members of the metadata that are addresses of endpoints, with their paths."""
CERTIFIED: Final[Mapping[str, str]] = {
    entry.member: entry.address for entry in _ALL if entry.authenticates or entry.certificates
}
"""Those of endpoints to which clients show certificates (RFC 8705 §5)."""
AUDIENCES: Final = frozenset(path for entry in _ALL if entry.authenticates for path in entry.paths)
"""The paths that a client assertion may name (RFC 7523 §3, OpenID Connect Core §9)."""
GROUP_OF: Final[Mapping[str, str]] = {entry.name: entry.group for entry in _ALL if entry.group}
"""The group of each endpoint whose durations are counted."""
