"""The table of routes: what is served where. The OpenAPI document is made from the same table.

Protocol endpoints and resources are plain callables over values of `http`, found in a
dictionary; pages are Starlette's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from quantimodo.http.messages import Endpoint
from quantimodo.protocol import discovery, social

GET = frozenset({"GET", "HEAD"})
POST = frozenset({"POST"})
GET_AND_POST = GET | POST
ONE = GET | {"PUT", "DELETE"}
LARGEST_POST = 4_194_304  # ten thousand measurements, with notes

# v2-api.md §1: two spellings, one endpoint. It shows pages, so Starlette serves it.
AUTHORIZE = (discovery.AUTHORIZE, "/api/v2/oauth2/authorize")
DECISION = "/api/v2/oauth/authorize/decision"


class EndpointKind(Enum):
    """How an endpoint responds to errors; `app/error_table.py` has a column for each but the last.

    API: `error` and `error_description` (RFC 6749 §5.2), a challenge of RFC 6750 §3 for resources.
    ENVELOPE: the login envelope (v2-api.md §4). SECURITY_EVENT: RFC 8935 §2.4. PAGE: a page.
    PAGE_OR_ENVELOPE: a page, but the envelope for a caller that accepts JSON only (v2-api.md §5).
    """

    API = auto()
    ENVELOPE = auto()
    SECURITY_EVENT = auto()
    PAGE = auto()
    PAGE_OR_ENVELOPE = auto()


@dataclass(frozen=True, slots=True)
class PageRoute:
    """One endpoint of the interface that Starlette serves: it shows pages, sets cookies, or has a
    provider's name in its path. `name` as in `ApiRoute`."""

    path: str
    methods: frozenset[str]
    name: str
    kind: EndpointKind = EndpointKind.PAGE


SHOWN = (
    *(
        PageRoute(path, frozenset({"GET", "POST"}), "authorize", EndpointKind.PAGE_OR_ENVELOPE)
        for path in AUTHORIZE
    ),
    PageRoute(discovery.END_SESSION, frozenset({"GET", "POST"}), "logout"),
    PageRoute(discovery.CHECK_SESSION, frozenset({"GET"}), "check_session"),
    PageRoute(social.LOGIN, frozenset({"GET"}), "social_login", EndpointKind.PAGE_OR_ENVELOPE),
    PageRoute(social.CALLBACK, frozenset({"GET", "POST"}), "social_callback"),
    PageRoute(social.INITIATE, frozenset({"GET", "POST"}), "social_initiated"),
    PageRoute(social.FRONTCHANNEL_LOGOUT, frozenset({"GET"}), "social_frontchannel_logout"),
    PageRoute(social.NOTIFICATIONS, POST, "social_notifications", EndpointKind.SECURITY_EVENT),
    PageRoute(social.DEAUTHORIZE, POST, "social_deauthorize", EndpointKind.SECURITY_EVENT),
    PageRoute(social.DATA_DELETION, POST, "social_deletion", EndpointKind.SECURITY_EVENT),
)


@dataclass(frozen=True, slots=True)
class ApiRoute:
    """One endpoint at one path. `name` is what metrics and logs call it; an alias shares it.

    A path may end with a `{name}`: the last part of the address, which the endpoint finds as the
    request's `tail`. `cors`: scripts of any origin may call it, for it looks at no cookie.
    `largest` is that of a body, in bytes. `searches`: GET may take long, and is cancelled when
    the client disconnects. `kind`: how it responds to errors.
    """

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiEndpoints:
    """Every endpoint that the table places."""

    token: Endpoint
    pushed_request: Endpoint
    device_authorization: Endpoint
    revoke: Endpoint
    introspect: Endpoint
    userinfo: Endpoint
    user_me: Endpoint
    grant: Endpoint
    current_consent: Endpoint
    events: Endpoint
    measurements: Endpoint
    measurement: Endpoint
    measurements_csv: Endpoint
    application_measurements: Endpoint
    variables: Endpoint
    variable: Endpoint
    variable_categories: Endpoint
    units: Endpoint
    unit_categories: Endpoint
    social_code: Endpoint
    social_token: Endpoint
    register: Endpoint
    registration: Endpoint
    metadata: Endpoint
    resource_metadata: Endpoint
    key_set: Endpoint
    provider_key_set: Endpoint
    openapi: Endpoint
    openapi_yaml: Endpoint
    alive: Endpoint
    ready: Endpoint
    metrics: Endpoint


def api_routes(to: ApiEndpoints, *, legacy_transport: bool) -> Sequence[ApiRoute]:
    """All routes of programs; without legacy transport no endpoint takes or gives tokens by GET."""
    # v2-api.md §1: an alias is a second route to the same endpoint. Without legacy transport the
    # token endpoint has no GET at all.
    # It has no HEAD: a preview of a link must not spend its token.
    once = frozenset({"GET", "POST"})
    token = once if legacy_transport else POST
    return (
        ApiRoute(discovery.TOKEN, token, "token", to.token),
        ApiRoute("/api/v2/oauth/access_token", token, "token", to.token),
        ApiRoute(discovery.PUSHED_REQUEST, POST, "pushed_request", to.pushed_request),
        ApiRoute(
            discovery.DEVICE_AUTHORIZATION,
            POST,
            "device_authorization",
            to.device_authorization,
        ),
        ApiRoute(discovery.REVOKE, POST, "revoke", to.revoke),
        ApiRoute("/api/v2/oauth/revoke", POST, "revoke", to.revoke),
        ApiRoute(discovery.INTROSPECT, POST, "introspect", to.introspect, cors=False),
        ApiRoute("/api/v2/oauth/introspect", POST, "introspect", to.introspect, cors=False),
        ApiRoute(discovery.USERINFO, GET_AND_POST, "userinfo", to.userinfo),
        ApiRoute("/api/v2/oauth/userinfo", GET_AND_POST, "userinfo", to.userinfo),
        ApiRoute(f"{discovery.GRANTS}/{{grant_id}}", GET | {"DELETE"}, "grant", to.grant),
        ApiRoute("/api/v1/user/me", GET, "user_me", to.user_me),
        ApiRoute("/api/v2/consents/current", GET, "current_consent", to.current_consent),
        ApiRoute(discovery.EVENTS, GET, "events", to.events),
        ApiRoute(
            "/api/v1/measurements",
            GET_AND_POST,
            "measurements",
            to.measurements,
            largest=LARGEST_POST,
            searches=True,
        ),
        ApiRoute(
            "/api/v2/measurements/csv",
            GET,
            "measurements_csv",
            to.measurements_csv,
            searches=True,
        ),
        ApiRoute("/api/v2/measurements/{id}", ONE, "measurement", to.measurement),
        ApiRoute(
            "/api/v2/application/measurements",
            GET,
            "application_measurements",
            to.application_measurements,
            searches=True,
        ),
        ApiRoute("/api/v1/variables", GET, "variables", to.variables, searches=True),
        ApiRoute("/api/v1/variables/{name}", GET, "variable", to.variable, searches=True),
        ApiRoute("/api/v1/variableCategories", GET, "variable_categories", to.variable_categories),
        ApiRoute("/api/v1/units", GET, "units", to.units),
        ApiRoute("/api/v1/unitCategories", GET, "unit_categories", to.unit_categories),
        # A code is no token: it is good once, and came by an address anyway.
        ApiRoute(
            social.AUTHORIZE_CODE, once, "social_code", to.social_code, kind=EndpointKind.ENVELOPE
        ),
        ApiRoute(
            social.AUTHORIZE_TOKEN,
            token,
            "social_token",
            to.social_token,
            kind=EndpointKind.ENVELOPE,
        ),
        ApiRoute(discovery.REGISTER, POST, "register", to.register),
        ApiRoute(f"{discovery.REGISTER}/{{client_id}}", ONE, "registration", to.registration),
        ApiRoute("/.well-known/openid-configuration", GET, "metadata", to.metadata),
        ApiRoute("/.well-known/oauth-authorization-server", GET, "metadata", to.metadata),
        # RFC 9728 §3.1: the path of the identifier is inserted. Clients that know only the host try
        # the address without it.
        *(
            ApiRoute(path, GET, "resource_metadata", to.resource_metadata)
            for path in (
                discovery.PROTECTED_RESOURCE + discovery.API,
                discovery.PROTECTED_RESOURCE,
            )
        ),
        ApiRoute(discovery.JWKS, GET, "key_set", to.key_set),
        ApiRoute(social.PROVIDER_KEYS, GET, "provider_key_set", to.provider_key_set, cors=False),
        ApiRoute("/api/openapi.json", GET, "openapi", to.openapi),
        ApiRoute("/api/openapi.yaml", GET, "openapi_yaml", to.openapi_yaml),
        ApiRoute("/health/live", GET, "alive", to.alive, cors=False),
        ApiRoute("/health/ready", GET, "ready", to.ready, cors=False),
        ApiRoute("/metrics", GET, "metrics", to.metrics, cors=False),
    )


def agent_routes(to: AgentEndpoints) -> Sequence[ApiRoute]:
    """What is served if `mcp.enabled` is on. The OpenAPI document has it then; the tools describe
    themselves."""
    return (
        ApiRoute(discovery.MCP, POST, "mcp", to.mcp),
        ApiRoute(discovery.PROTECTED_RESOURCE + discovery.MCP, GET, "mcp_metadata", to.metadata),
    )
