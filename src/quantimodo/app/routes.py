"""The table of routes: what is served where. The OpenAPI document is made from the same table.

Protocol endpoints and resources are plain callables over `wire` values, found by one look into a
dictionary; pages are Starlette's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from quantimodo.protocol import discovery, social
from quantimodo.wire.exchange import Endpoint

GET = frozenset({"GET", "HEAD"})
POST = frozenset({"POST"})
GET_AND_POST = GET | POST
ONE = GET | {"PUT", "DELETE"}
LARGEST_POST = 4_194_304  # ten thousand measurements, with notes

# Contract §1: two spellings, one endpoint. It shows pages, so Starlette serves it.
AUTHORIZE = (discovery.AUTHORIZE, "/api/v2/oauth2/authorize")


@dataclass(frozen=True, slots=True)
class ShownRoute:
    """One endpoint of the interface that Starlette serves: it shows pages, sets cookies, or has a
    provider's name in its path. `name` as in `WireRoute`."""

    path: str
    methods: frozenset[str]
    name: str


SHOWN = (
    *(ShownRoute(path, frozenset({"GET", "POST"}), "authorize") for path in AUTHORIZE),
    ShownRoute(discovery.END_SESSION, frozenset({"GET", "POST"}), "logout"),
    ShownRoute(discovery.CHECK_SESSION, frozenset({"GET"}), "check_session"),
    ShownRoute(social.LOGIN, frozenset({"GET"}), "social_login"),
    ShownRoute(social.CALLBACK, frozenset({"GET", "POST"}), "social_callback"),
    ShownRoute(social.NOTIFICATIONS, POST, "social_notifications"),
    ShownRoute(social.DEAUTHORIZE, POST, "social_deauthorize"),
    ShownRoute(social.DATA_DELETION, POST, "social_deletion"),
)


@dataclass(frozen=True, slots=True)
class WireRoute:
    """One endpoint at one path. `name` is what metrics and logs call it; an alias shares it.

    A path may end with a `{name}`: the last part of the address, which the endpoint finds as the
    request's `tail`. `cors`: scripts of any origin may call it, for it looks at no cookie.
    `largest` is that of a body, in bytes. `searches`: GET may take long, and is cancelled when
    the client disconnects.
    """

    path: str
    methods: frozenset[str]
    name: str
    endpoint: Endpoint
    cors: bool = True
    largest: int = 65_536
    searches: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WireEndpoints:
    """Every endpoint that the table places."""

    token: Endpoint
    revoke: Endpoint
    introspect: Endpoint
    userinfo: Endpoint
    user_me: Endpoint
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
    key_set: Endpoint
    openapi: Endpoint
    alive: Endpoint
    ready: Endpoint
    metrics: Endpoint


def wire_routes(to: WireEndpoints, *, legacy_transport: bool) -> Sequence[WireRoute]:
    # Contract §1: an alias is a second route to the same endpoint. Without legacy transport the
    # token endpoint has no GET at all.
    # It never has a HEAD: a look at a link must not spend what is in it.
    once = frozenset({"GET", "POST"})
    token = once if legacy_transport else POST
    return (
        WireRoute(discovery.TOKEN, token, "token", to.token),
        WireRoute("/api/v2/oauth/access_token", token, "token", to.token),
        WireRoute(discovery.REVOKE, POST, "revoke", to.revoke),
        WireRoute("/api/v2/oauth/revoke", POST, "revoke", to.revoke),
        WireRoute(discovery.INTROSPECT, POST, "introspect", to.introspect, cors=False),
        WireRoute("/api/v2/oauth/introspect", POST, "introspect", to.introspect, cors=False),
        WireRoute(discovery.USERINFO, GET_AND_POST, "userinfo", to.userinfo),
        WireRoute("/api/v2/oauth/userinfo", GET_AND_POST, "userinfo", to.userinfo),
        WireRoute("/api/v1/user/me", GET, "user_me", to.user_me),
        WireRoute(
            "/api/v1/measurements",
            GET_AND_POST,
            "measurements",
            to.measurements,
            largest=LARGEST_POST,
            searches=True,
        ),
        WireRoute(
            "/api/v2/measurements/csv",
            GET,
            "measurements_csv",
            to.measurements_csv,
            searches=True,
        ),
        WireRoute("/api/v2/measurements/{id}", ONE, "measurement", to.measurement),
        WireRoute(
            "/api/v2/application/measurements",
            GET,
            "application_measurements",
            to.application_measurements,
            searches=True,
        ),
        WireRoute("/api/v1/variables", GET, "variables", to.variables, searches=True),
        WireRoute("/api/v1/variables/{name}", GET, "variable", to.variable, searches=True),
        WireRoute("/api/v1/variableCategories", GET, "variable_categories", to.variable_categories),
        WireRoute("/api/v1/units", GET, "units", to.units),
        WireRoute("/api/v1/unitCategories", GET, "unit_categories", to.unit_categories),
        # A code is no token: it is good once, and came by an address anyway.
        WireRoute(social.AUTHORIZE_CODE, once, "social_code", to.social_code),
        WireRoute(social.AUTHORIZE_TOKEN, token, "social_token", to.social_token),
        WireRoute(discovery.REGISTER, POST, "register", to.register),
        WireRoute(f"{discovery.REGISTER}/{{client_id}}", ONE, "registration", to.registration),
        WireRoute("/.well-known/openid-configuration", GET, "metadata", to.metadata),
        WireRoute("/.well-known/oauth-authorization-server", GET, "metadata", to.metadata),
        WireRoute(discovery.JWKS, GET, "key_set", to.key_set),
        WireRoute("/api/openapi.json", GET, "openapi", to.openapi),
        WireRoute("/health/live", GET, "alive", to.alive, cors=False),
        WireRoute("/health/ready", GET, "ready", to.ready, cors=False),
        WireRoute("/metrics", GET, "metrics", to.metrics, cors=False),
    )
