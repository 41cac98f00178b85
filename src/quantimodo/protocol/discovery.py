"""Metadata documents (RFC 8414 §2, OpenID Connect Discovery §3): only what this server supports."""

from dataclasses import dataclass
from typing import Any, Final, get_args

from quantimodo.model.keys import ALGORITHMS
from quantimodo.model.languages import LANGUAGES
from quantimodo.protocol.claims import SCOPE_OF_CLAIM
from quantimodo.protocol.claims_request import ACR_VALUES
from quantimodo.protocol.client_assertion import HMAC_ALGORITHMS, SIGNATURE_ALGORITHMS
from quantimodo.protocol.consent_details import TYPE as DETAILS_TYPE
from quantimodo.protocol.constants import (
    ENCRYPTION_ALGORITHMS,
    ENCRYPTION_ENCODINGS,
    TOKEN_EXCHANGE,
    ResponseType,
)
from quantimodo.protocol.dpop import ALGORITHMS as DPOP_ALGORITHMS
from quantimodo.protocol.endpoints import CERTIFIED, MEMBERS, PATHS
from quantimodo.protocol.grant_management import ACTIONS
from quantimodo.protocol.grant_types import GRANT_TYPES, TABLE
from quantimodo.protocol.mutual_tls import METHODS as TLS_METHODS
from quantimodo.protocol.request_objects import SIGNED as REQUEST_OBJECT_ALGORITHMS
from quantimodo.protocol.scopes import SCOPE_OF_ACTION, SCOPES

AUTHORIZE: Final = PATHS["authorize"]
TOKEN: Final = PATHS["token"]
REVOKE: Final = PATHS["revoke"]
INTROSPECT: Final = PATHS["introspect"]
USERINFO: Final = PATHS["userinfo"]
JWKS: Final = PATHS["key_set"]
END_SESSION: Final = PATHS["logout"]
REGISTER: Final = PATHS["register"]
CHECK_SESSION: Final = PATHS["check_session"]
API: Final = "/api"
"""The path of this server's API: the identifier of the resource is the issuer with it."""
MCP: Final = PATHS["mcp"]
"""The path of the resource for agents; its identifier is the issuer with it."""
PROTECTED_RESOURCE: Final = PATHS["resource_metadata"].removesuffix(API)

_AUTHENTICATION = [
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
]
_ASSERTION_ALGORITHMS = [*SIGNATURE_ALGORITHMS, *HMAC_ALGORITHMS]
_TOKEN_CLAIMS = (
    "sub",
    "iss",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "acr",
    "amr",
    "sid",
    "nonce",
    "at_hash",
    "c_hash",
)
_SIGNING = list(ALGORITHMS)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedFeatures:
    """What the settings turn on. `registration`: whether applications may register themselves;
    `client_documents`: whether their ids may be addresses of their metadata (Client ID Metadata
    Document §6). `mutual_tls`: whether a proxy forwards certificates of clients; `mtls_origin` is
    where it requests them, if that is another host.
    """

    registration: bool = False
    client_documents: bool = False
    require_pushed: bool = False
    grant_management_required: bool = False
    mutual_tls: bool = False
    mtls_origin: str = ""
    grant_types: frozenset[str] = GRANT_TYPES - {TOKEN_EXCHANGE}


DEFAULTS: Final = OfferedFeatures()


def metadata(issuer: str, offered: OfferedFeatures = DEFAULTS) -> dict[str, Any]:
    """The document for this issuer, the same at both well-known addresses."""
    authentication = [*_AUTHENTICATION, *(TLS_METHODS if offered.mutual_tls else ())]
    return {
        "issuer": issuer,
        **{member: issuer + path for member, path in MEMBERS.items()},
        "require_pushed_authorization_requests": offered.require_pushed,
        **({"registration_endpoint": issuer + REGISTER} if offered.registration else {}),
        "client_id_metadata_document_supported": offered.client_documents,
        "service_documentation": issuer + "/docs",
        "scopes_supported": list(SCOPES),
        "response_types_supported": list(get_args(ResponseType)),
        "response_modes_supported": [
            "query",
            "fragment",
            "form_post",
            "query.jwt",
            "fragment.jwt",
            "form_post.jwt",
            "jwt",
        ],
        "grant_types_supported": [
            *(entry.name for entry in TABLE if entry.name in offered.grant_types),
            "implicit",
        ],
        "subject_types_supported": ["public", "pairwise"],
        "acr_values_supported": list(ACR_VALUES),
        "id_token_signing_alg_values_supported": [*_SIGNING, "none"],
        "id_token_encryption_alg_values_supported": list(ENCRYPTION_ALGORITHMS),
        "id_token_encryption_enc_values_supported": list(ENCRYPTION_ENCODINGS),
        "userinfo_signing_alg_values_supported": [*_SIGNING, "none"],
        "userinfo_encryption_alg_values_supported": list(ENCRYPTION_ALGORITHMS),
        "userinfo_encryption_enc_values_supported": list(ENCRYPTION_ENCODINGS),
        "request_object_signing_alg_values_supported": list(REQUEST_OBJECT_ALGORITHMS),
        "authorization_signing_alg_values_supported": _SIGNING,
        "authorization_encryption_alg_values_supported": list(ENCRYPTION_ALGORITHMS),
        "authorization_encryption_enc_values_supported": list(ENCRYPTION_ENCODINGS),
        "introspection_signing_alg_values_supported": _SIGNING,  # RFC 9701 §7
        "introspection_encryption_alg_values_supported": list(ENCRYPTION_ALGORITHMS),
        "introspection_encryption_enc_values_supported": list(ENCRYPTION_ENCODINGS),
        "token_endpoint_auth_methods_supported": [*authentication, "none"],
        "token_endpoint_auth_signing_alg_values_supported": _ASSERTION_ALGORITHMS,
        "revocation_endpoint_auth_methods_supported": [*authentication, "none"],
        "revocation_endpoint_auth_signing_alg_values_supported": _ASSERTION_ALGORITHMS,
        "introspection_endpoint_auth_methods_supported": authentication,
        "introspection_endpoint_auth_signing_alg_values_supported": _ASSERTION_ALGORITHMS,
        **({"tls_client_certificate_bound_access_tokens": True} if offered.mutual_tls else {}),
        **({"mtls_endpoint_aliases": _aliases(offered.mtls_origin)} if offered.mtls_origin else {}),
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": list(DPOP_ALGORITHMS),  # RFC 9449 §5.1
        "authorization_details_types_supported": [DETAILS_TYPE],  # RFC 9396 §10
        "grant_management_actions_supported": list(ACTIONS),
        "grant_management_action_required": offered.grant_management_required,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "display_values_supported": ["page"],
        "claim_types_supported": ["normal"],
        "claims_supported": [*_TOKEN_CLAIMS, *SCOPE_OF_CLAIM],
        "ui_locales_supported": list(LANGUAGES),
        "claims_parameter_supported": True,
        "request_parameter_supported": True,
        "request_uri_parameter_supported": True,
        "require_request_uri_registration": True,
        "authorization_response_iss_parameter_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }


def protected_resource(
    issuer: str, offered: OfferedFeatures = DEFAULTS, *, query: bool = False
) -> dict[str, Any]:
    """The metadata of this server's API (RFC 9728 §2). `query`: it takes tokens in addresses too.
    It signs no responses, so there is no `jwks_uri`."""
    return {
        "resource": issuer + API,
        "authorization_servers": [issuer],
        "scopes_supported": [name for name in SCOPES if name != "offline_access"],
        "bearer_methods_supported": ["header", "body", *(["query"] if query else [])],
        **_constraints(offered.mutual_tls),
        "resource_name": "QuantiModo API",
        "resource_documentation": issuer + "/docs",
    }


def agents_resource(issuer: str, offered: OfferedFeatures = DEFAULTS) -> dict[str, Any]:
    """The metadata of the resource for agents (RFC 9728 §2). MCP 2026-07-28, Authorization: tokens
    are in the header only, and `offline_access` is no scope of a resource."""
    return {
        "resource": issuer + MCP,
        "authorization_servers": [issuer],
        "scopes_supported": list(SCOPE_OF_ACTION.values()),
        "bearer_methods_supported": ["header"],
        **_constraints(offered.mutual_tls),
        "resource_name": "QuantiModo MCP server",
        "resource_documentation": issuer + "/guides/developer/agents/",
    }


def _constraints(mutual_tls: bool) -> dict[str, Any]:
    """To what a token can be bound, and which details restrict it (RFC 9728 §2)."""
    bound = {"tls_client_certificate_bound_access_tokens": True} if mutual_tls else {}
    return {
        "dpop_signing_alg_values_supported": list(DPOP_ALGORITHMS),
        **bound,
        "authorization_details_types_supported": [DETAILS_TYPE],
    }


def _aliases(origin: str) -> dict[str, str]:
    """RFC 8705 §5: the endpoints that a client with a certificate calls."""
    return {member: origin + path for member, path in CERTIFIED.items()}
