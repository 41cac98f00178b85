"""The security profiles of applications: one table of what each profile requires. Pure.

`fapi2` is the FAPI 2.0 Security Profile, `fapi2_message_signing` also FAPI 2.0 Message Signing,
`oauth21` the rules of OAuth 2.1 (draft-ietf-oauth-v2-1), `legacy` none of these. Each row repeats
what the rows before it require, or more. Registration refuses an application that does not meet its
profile; `security_profile_requests.py` has the checks of requests.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NamedTuple, Protocol

from quantimodo.model.client_metadata import ClientMetadata, SecurityProfileName
from quantimodo.model.clients import Client
from quantimodo.model.texts import N_
from quantimodo.protocol import uris
from quantimodo.protocol.mutual_tls import METHODS as TLS_METHODS

_FAPI_ALGORITHMS: Final = frozenset({"PS256", "ES256", "EdDSA"})
_FAPI_DEFAULT: Final = "PS256"
# The default of `id_token_signed_response_alg`, which a registration that has none gets.
_ORDINARY_DEFAULT: Final = "RS256"
_LOOPBACK: Final = frozenset({"127.0.0.1", "[::1]"})


class ClientLike(Protocol):
    """A registration, or a client."""

    @property
    def public(self) -> bool:
        """Whether it cannot keep a secret."""

    @property
    def redirect_uris(self) -> tuple[str, ...]:
        """The addresses to which browsers return."""

    @property
    def response_types(self) -> frozenset[str]:
        """The registered response types; the words of each are in order."""

    @property
    def id_token_alg(self) -> str:
        """The algorithm of the signatures of its ID tokens."""

    @property
    def metadata(self) -> ClientMetadata:
        """All other metadata."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityProfile:
    """What a profile requires of an application and of its requests. An empty set, or None, means
    no limit.

    `strict`: PKCE for each code, and no secret or token in an address. `algorithms`: of client
    assertions, request objects and what this server signs for the application. `issuer_audience`:
    `aud` of an assertion is the issuer, as a text. `most_ahead`: how far ahead of the clock `iat`
    of a request object may be. `bounded_objects`: a request object has `aud`, `nbf` and `exp`, and
    at most an hour lies between these. `longest_pushed`: how long a pushed request can be used.
    `rotation`: whether a refresh returns another refresh token. `spares_sid`: ID tokens have `sid`
    only if the application registered an address for logout: otherwise it has no use for it.
    """

    name: SecurityProfileName
    title: str
    strict: bool = False
    response_types: frozenset[str] = frozenset()
    confidential: bool = False
    authentication_methods: frozenset[str] = frozenset()
    algorithms: frozenset[str] = frozenset()
    issuer_audience: bool = False
    most_ahead: timedelta | None = None
    bounded_objects: bool = False
    https_redirects: bool = False
    pushed_requests: bool = False
    redirect_uri_sent: bool = False
    longest_pushed: timedelta | None = None
    sender_constrained: bool = False
    rotation: bool = True
    spares_sid: bool = False
    signed_requests: bool = False
    signed_responses: bool = False
    signed_introspection: bool = False

    def allows_algorithm(self, name: str) -> bool:
        """Whether the application may sign with it."""
        return not self.algorithms or name in self.algorithms


LEGACY: Final = SecurityProfile(name="legacy", title=N_("Legacy"))
OAUTH21: Final = SecurityProfile(
    name="oauth21",
    title="OAuth 2.1",
    strict=True,
    response_types=frozenset({"code", "none"}),
)
_FAPI: Final[Mapping[str, Any]] = {
    "strict": True,  # FAPI 2.0 §5.3.2.2 (5); FAPI 2.0 §5.3.4 (2)
    "response_types": frozenset({"code"}),  # FAPI 2.0 §5.3.2.2 (1)
    "confidential": True,  # FAPI 2.0 §5.3.2.1 (3)
    "authentication_methods": frozenset({"private_key_jwt", *TLS_METHODS}),  # FAPI 2.0 §5.3.2.1 (6)
    "algorithms": _FAPI_ALGORITHMS,  # FAPI 2.0 §5.4.1 (1)
    "issuer_audience": True,  # FAPI 2.0 §5.3.2.1 (8)
    "most_ahead": timedelta(seconds=60),  # FAPI 2.0 §5.3.2.1 (13)
    "bounded_objects": True,  # FAPI 2.0 Message Signing §5.3.1 (2), (3), (4)
    "https_redirects": True,  # FAPI 2.0 §5.3.2.2 (8)
    "pushed_requests": True,  # FAPI 2.0 §5.3.2.2 (3)
    "redirect_uri_sent": True,  # FAPI 2.0 §5.3.2.2 (6)
    "longest_pushed": timedelta(seconds=599),  # FAPI 2.0 §5.3.2.2 (12): less than 600
    "sender_constrained": True,  # FAPI 2.0 §5.3.2.1 (4), (5)
    "rotation": False,  # FAPI 2.0 §5.3.2.1 (9)
    "spares_sid": True,  # OpenID Connect Core §5.1
}
FAPI2: Final = SecurityProfile(name="fapi2", title="FAPI 2.0", **_FAPI)
FAPI2_MESSAGE_SIGNING: Final = SecurityProfile(
    name="fapi2_message_signing",
    title=N_("FAPI 2.0 with Message Signing"),
    **_FAPI,
    signed_requests=True,  # FAPI 2.0 Message Signing §5.3.1
    signed_responses=True,  # FAPI 2.0 Message Signing §5.4.1
    signed_introspection=True,  # FAPI 2.0 Message Signing §5.5.1
)
PROFILES: Final[Mapping[str, SecurityProfile]] = {
    each.name: each for each in (LEGACY, OAUTH21, FAPI2, FAPI2_MESSAGE_SIGNING)
}
"""By name, in order: each one requires what the one before it requires."""

_SIGNED: Final[Mapping[str, Callable[[ClientLike], str]]] = {
    "token_endpoint_auth_signing_alg": lambda app: app.metadata.token_endpoint_auth_signing_alg,
    "request_object_signing_alg": lambda app: app.metadata.request_object_signing_alg,
    "id_token_signed_response_alg": lambda app: _id_token_algorithm(app),
    "userinfo_signed_response_alg": lambda app: app.metadata.userinfo_signed_response_alg,
    "authorization_signed_response_alg": lambda app: app.metadata.authorization_signed_response_alg,
    "introspection_signed_response_alg": lambda app: app.metadata.introspection_signed_response_alg,
}


class MissingRequirement(NamedTuple):
    """What is missing for a profile, for people, and the field that fixes it."""

    field: str
    text: str


class ProfileStatus(NamedTuple):
    """The profile that an application has, the most demanding one that it meets, the next one, and
    what is missing for that, for people."""

    registered: SecurityProfile
    met: SecurityProfile
    next_profile: SecurityProfile | None
    missing: tuple[str, ...]


def profile_of(client: ClientLike) -> SecurityProfile:
    """The row of the profile that the client is registered with."""
    return PROFILES.get(client.metadata.profile, LEGACY)


def implied_values(client: ClientLike) -> dict[str, Any]:
    """The fields whose values follow from the profile, by their names in the table of client
    fields (RFC 7591 §3.2.1: the server may replace requested values)."""
    profile, metadata = profile_of(client), client.metadata
    values: dict[str, Any] = {}
    if str(metadata.profile) == "":
        values["profile"] = LEGACY.name
    if profile.strict:
        values["strict"] = True
    if profile.pushed_requests:
        values["require_pushed_authorization_requests"] = True
    if profile.algorithms:
        if client.id_token_alg == _ORDINARY_DEFAULT:
            values["id_token_alg"] = _FAPI_DEFAULT
        for name in ("authorization_signed_response_alg", "introspection_signed_response_alg"):
            values[name] = getattr(metadata, name) or _FAPI_DEFAULT
    return values


def missing_requirements(
    client: ClientLike, profile: SecurityProfile
) -> Iterator[MissingRequirement]:
    """What the application has to register for this profile, for people, and the field of each;
    nothing if it meets the profile."""
    metadata = client.metadata
    if profile.confidential and client.public:
        yield MissingRequirement("public", N_("needs an application that can keep a secret"))
    method, methods = metadata.token_endpoint_auth_method, profile.authentication_methods
    if methods and method not in methods:
        yield MissingRequirement(
            "token_endpoint_auth_method",
            N_(
                "needs token_endpoint_auth_method private_key_jwt, tls_client_auth or"
                " self_signed_tls_client_auth"
            ),
        )
    if profile.sender_constrained and not _is_constrained(metadata):
        yield MissingRequirement(
            "dpop_bound_access_tokens",
            N_("needs dpop_bound_access_tokens or tls_client_certificate_bound_access_tokens"),
        )
    if profile.response_types and not client.response_types <= profile.response_types:
        kinds = ", ".join(sorted(profile.response_types))
        text = N_("allows only these response types: %(kinds)s", kinds=kinds)
        yield MissingRequirement("response_types", text)
    if profile.https_redirects and not all(
        _is_confidential_address(uri, metadata) for uri in client.redirect_uris
    ):
        text = N_("allows http in redirect URIs only to 127.0.0.1 or [::1] of a native application")
        yield MissingRequirement("redirect_uris", text)
    for field, algorithm in _SIGNED.items():
        registered = algorithm(client)
        if registered and not profile.allows_algorithm(registered):
            yield MissingRequirement(
                field, N_("allows only PS256, ES256 and EdDSA in %(field)s", field=field)
            )
    if profile.signed_requests and not (metadata.jwks or metadata.jwks_uri):
        yield MissingRequirement(
            "jwks", N_("needs jwks or jwks_uri: the keys of its signed requests")
        )


def checklist(client: ClientLike) -> Sequence[tuple[SecurityProfile, Sequence[MissingRequirement]]]:
    """Each profile with rules, and what is missing for it."""
    return [
        (each, tuple(missing_requirements(client, each)))
        for each in PROFILES.values()
        if each != LEGACY
    ]


def profile_status(client: ClientLike) -> ProfileStatus:
    """Which profile an application meets, and what is missing for the next one."""
    met = LEGACY
    for profile in PROFILES.values():
        missing = tuple(each.text for each in missing_requirements(client, profile))
        if missing:
            return ProfileStatus(profile_of(client), met, profile, missing)
        met = profile
    return ProfileStatus(profile_of(client), met, None, ())


def allowed_algorithms(client: Client, names: frozenset[str]) -> frozenset[str]:
    """Those of these algorithms that the client's profile allows."""
    profile = profile_of(client)
    return frozenset(name for name in names if profile.allows_algorithm(name))


def _id_token_algorithm(client: ClientLike) -> str:
    # The default becomes one of the profile when the profile is chosen (`implied_values`).
    return "" if client.id_token_alg == _ORDINARY_DEFAULT else client.id_token_alg


def _is_constrained(metadata: ClientMetadata) -> bool:
    return metadata.dpop_bound_access_tokens or metadata.tls_client_certificate_bound_access_tokens


def _is_confidential_address(uri: str, metadata: ClientMetadata) -> bool:
    """FAPI 2.0 §5.3.2.2 (8), RFC 8252 §7.3."""
    try:
        parts = uris.parse_uri(uri)
    except uris.InvalidUri:
        return True  # another rule reports it
    native = metadata.application_type == "native"
    return parts.scheme != "http" or (native and parts.host in _LOOPBACK)
