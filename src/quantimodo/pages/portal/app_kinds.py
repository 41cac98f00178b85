"""The table of the kinds of applications in the portal.

The form of a new application, its first requests and the choice of an example project derive from
it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from quantimodo.model.clients import Client
from quantimodo.model.texts import N_
from quantimodo.protocol.endpoints import PATHS
from quantimodo.protocol.grant_types import DEVICE_CODE

_REDIRECTED: Final = frozenset({"authorization_code", "refresh_token"})
SCOPE: Final = "SCOPE"
"""Stands for the scope of the application in a first request."""


@dataclass(frozen=True, slots=True)
class FirstRequest:
    """A POST to `path`, and what its developer does with it."""

    name: str
    words: str
    path: str
    parameters: Mapping[str, str]


_FOR_ITSELF: Final = FirstRequest(
    "token-call",
    N_("Get a token for the application itself:"),
    PATHS["token"],
    {"grant_type": "client_credentials"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppKind:
    """What an application is, and what follows from it. `redirects`: whether people come back to
    it; `for_operator`: only administrators register it. `requests` lead to its first token, for a
    kind without redirects."""

    name: str
    title: str
    hint: str
    public: bool = False
    strict: bool = False
    grant_types: frozenset[str] = _REDIRECTED
    redirects: bool = True
    application_type: Literal["web", "native"] = "web"
    for_operator: bool = False
    requests: Sequence[FirstRequest] = ()

    def signs_in_as(self, client: Client) -> bool:
        """Whether the client has the grant types of this kind, perhaps without refresh tokens."""
        return self.grant_types - {"refresh_token"} <= client.grant_types


KINDS: Final[Sequence[AppKind]] = (
    AppKind(
        name="web",
        title=N_("Web application with a server"),
        hint=N_("It keeps a client secret that only you can read."),
    ),
    AppKind(
        name="browser",
        title=N_("Application in the browser"),
        hint=N_("It cannot keep a secret, so it has none, and must use PKCE."),
        public=True,
        strict=True,
    ),
    AppKind(
        name="native",
        title=N_("Application on a phone or a desktop"),
        hint=N_("Without a secret, with PKCE. Its redirect URI may have a private scheme."),
        public=True,
        strict=True,
        application_type="native",
    ),
    AppKind(
        name="device",
        title=N_("Device without a browser"),
        hint=N_("A scale or a television: the person confirms a code on a phone."),
        public=True,
        strict=True,
        grant_types=frozenset({DEVICE_CODE, "refresh_token"}),
        redirects=False,
        requests=(
            FirstRequest(
                "device-call",
                N_(
                    "1. Request a code, and show it to the person with the address in the response:"
                ),
                PATHS["device_authorization"],
                {"scope": SCOPE},
            ),
            FirstRequest(
                "token-call",
                N_("2. Ask every five seconds for tokens, until the person has decided:"),
                PATHS["token"],
                {"grant_type": DEVICE_CODE, "device_code": "DEVICE_CODE"},
            ),
        ),
    ),
    AppKind(
        name="service",
        title=N_("Service without people"),
        hint=N_("It gets tokens for itself, by its client secret."),
        grant_types=frozenset({"client_credentials"}),
        redirects=False,
        requests=(_FOR_ITSELF,),
    ),
    AppKind(
        name="resource",
        title=N_("Resource server"),
        hint=N_("It introspects the tokens of all applications. Only administrators see this."),
        grant_types=frozenset({"client_credentials"}),
        redirects=False,
        requests=(_FOR_ITSELF,),
        for_operator=True,
    ),
)


def kind_named(name: str) -> AppKind:
    """The kind of application of this name. Raises `KeyError`."""
    return {kind.name: kind for kind in KINDS}[name]


def kind_of(client: Client) -> str:
    """The kind as which the application could have been registered."""
    if client.resource_server:
        return "resource"
    if client.redirect_uris or client.response_types:
        native = client.metadata.application_type == "native"
        return ("native" if native else "browser") if client.public else "web"
    return kind_without_redirects(client).name


def kind_without_redirects(client: Client) -> AppKind:
    """The first kind that gets tokens as the application does without a redirect."""
    kinds = (kind for kind in KINDS if not kind.redirects and kind.signs_in_as(client))
    return next(kinds, kind_named("service"))
