"""A provider's endpoints: from the settings, from the known ones of its kind, or from its discovery
document (OpenID Connect Discovery §4)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from quantimodo.crypto.provider_tokens import ALGORITHMS
from quantimodo.federation.cached_document import CachedDocument
from quantimodo.federation.contract import ProviderPolicy
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.outbound.responses import invalid_response
from quantimodo.ports.clock import Clock

_RS256 = frozenset({"RS256"})  # what every provider has to offer (OpenID Connect Discovery §3)
_METHODS = frozenset({"client_secret_basic", "client_secret_post"})
NO_METHOD: Final = (
    "discovery: the provider takes none of our client authentication methods"
    " (client_secret_basic, client_secret_post)"
)
NOT_THAT_METHOD: Final = "discovery: the provider does not list our client_authentication"
NO_PUSHING: Final = "discovery: pushed_requests is set, and the provider takes none"
NO_ALGORITHM: Final = "discovery: the provider signs ID tokens by no algorithm that we accept"
_WELL_KNOWN = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """A provider's metadata. `names_itself`: every authorization response has `iss` (RFC 9207 §3).
    `secret_in_header`: `client_secret_basic`, else `client_secret_post`. `algorithms` are those of
    ID tokens. `pushing_required`: it takes pushed authorization requests only (RFC 9126 §5)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    tokeninfo_endpoint: str = ""
    end_session_endpoint: str = ""
    pushing_endpoint: str = ""
    pushing_required: bool = False
    algorithms: frozenset[str] = _RS256
    userinfo_algorithms: frozenset[str] = ALGORITHMS
    secret_in_header: bool = False
    names_itself: bool = False


class Discovery:
    """The metadata of one provider. Raises `ProviderFault`s when they have to be fetched."""

    def __init__(
        self,
        policy: ProviderPolicy,
        http_client: GuardedHttpClient,
        clock: Clock,
        known: Metadata | None,
    ) -> None:
        """`known`: metadata from the provider's documentation, valid for its default issuer."""
        self._policy = policy
        self._http_client = http_client
        self._fixed = _fixed(policy, known)
        self._found = CachedDocument(self._discover, clock)

    async def get(self) -> Metadata:
        """The provider's metadata, fixed or fetched and cached. Raises `ProviderUnavailable` and
        `InvalidProviderResponse`."""
        return self._fixed or await self._found.get()

    async def _discover(self) -> Metadata:
        # OpenID Connect Discovery §4.1: a slash at the end goes before the path is added.
        response = await self._http_client.get(self._policy.issuer.rstrip("/") + _WELL_KNOWN)
        if not response.ok:
            raise invalid_response(f"discovery: status {response.status}")
        document = response.json()
        found = _overridden(self._policy, parse_metadata(document, self._policy.issuer))
        self._check_methods(document)
        if self._policy.pushed_requests and not found.pushing_endpoint:
            raise invalid_response(NO_PUSHING)
        self._http_client.check(found.authorization_endpoint)  # where browsers will be sent
        return found

    def _check_methods(self, document: Mapping[str, Any]) -> None:
        methods = _texts(document, "token_endpoint_auth_methods_supported")
        chosen = self._policy.client_authentication
        if chosen and methods and chosen not in methods:
            raise invalid_response(NOT_THAT_METHOD)
        if chosen:
            return
        # Without a secret only PKCE is used, which many providers accept and do not list.
        if methods and self._policy.client_secret is not None and _METHODS.isdisjoint(methods):
            raise invalid_response(NO_METHOD)


def parse_metadata(document: Mapping[str, Any], issuer: str) -> Metadata:
    """A discovery document. Raises `InvalidProviderResponse`."""
    # OpenID Connect Discovery §4.3, security.md §26: exactly the configured issuer, so that no
    # server can act for another issuer.
    if document.get("issuer") != issuer:
        raise invalid_response("discovery: another issuer")
    listed = _texts(document, "id_token_signing_alg_values_supported") or ("RS256",)
    algorithms = ALGORITHMS.intersection(listed)
    if not algorithms:
        raise invalid_response(NO_ALGORITHM)
    methods = _texts(document, "token_endpoint_auth_methods_supported")
    return Metadata(
        issuer=issuer,
        authorization_endpoint=_address(document, "authorization_endpoint"),
        token_endpoint=_address(document, "token_endpoint"),
        jwks_uri=_address(document, "jwks_uri"),
        userinfo_endpoint=_address(document, "userinfo_endpoint", required=False),
        end_session_endpoint=_address(document, "end_session_endpoint", required=False),
        pushing_endpoint=_address(
            document, "pushed_authorization_request_endpoint", required=False
        ),
        pushing_required=document.get("require_pushed_authorization_requests") is True,
        algorithms=algorithms,
        userinfo_algorithms=ALGORITHMS.intersection(
            _texts(document, "userinfo_signing_alg_values_supported") or algorithms
        ),
        # OpenID Connect Discovery §3: the default is client_secret_basic.
        secret_in_header=not methods or "client_secret_basic" in methods,
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _fixed(policy: ProviderPolicy, known: Metadata | None) -> Metadata | None:
    """The metadata, if nothing has to be fetched."""
    if known is not None and policy.issuer in ("", known.issuer):
        return _overridden(policy, known)
    if not (policy.authorization_endpoint and policy.token_endpoint and policy.jwks_uri):
        return None
    found = Metadata(
        issuer=policy.issuer,
        authorization_endpoint=policy.authorization_endpoint,
        token_endpoint=policy.token_endpoint,
        jwks_uri=policy.jwks_uri,
        algorithms=known.algorithms if known else _RS256,
        secret_in_header=known is None or known.secret_in_header,
    )
    return _overridden(policy, found)


def _overridden(policy: ProviderPolicy, found: Metadata) -> Metadata:
    return replace(
        found,
        authorization_endpoint=policy.authorization_endpoint or found.authorization_endpoint,
        token_endpoint=policy.token_endpoint or found.token_endpoint,
        jwks_uri=policy.jwks_uri or found.jwks_uri,
        userinfo_endpoint=policy.userinfo_endpoint or found.userinfo_endpoint,
        tokeninfo_endpoint=policy.tokeninfo_endpoint or found.tokeninfo_endpoint,
        end_session_endpoint=policy.end_session_endpoint or found.end_session_endpoint,
        algorithms=_chosen_algorithm(policy, found),
        secret_in_header=policy.client_authentication == "client_secret_basic"
        if policy.client_authentication
        else found.secret_in_header,
    )


def _chosen_algorithm(policy: ProviderPolicy, found: Metadata) -> frozenset[str]:
    """OpenID Connect Core §3.1.3.7 (7): the algorithm for which the client is registered."""
    chosen = policy.id_token_algorithm
    return frozenset({chosen}) if chosen else found.algorithms


def _address(document: Mapping[str, Any], name: str, *, required: bool = True) -> str:
    found = document.get(name)
    if found is None and not required:
        return ""
    if not isinstance(found, str) or not found:
        raise invalid_response(f"discovery: no {name}")
    return found


def _texts(document: Mapping[str, Any], name: str) -> list[str]:
    found = document.get(name)
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
