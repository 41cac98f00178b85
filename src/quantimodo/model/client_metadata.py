"""What registration adds to a client: RFC 7591 §2, OpenID Connect Registration §2, RP-Initiated,
Front-Channel and Back-Channel Logout, JARM. The names are the registries'; empty is "not given".

Stored as one document beside the client. Redirect URIs, grant types, response types and scope,
which every request reads, are fields of `Client`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

SecurityProfileName = Literal["legacy", "oauth21", "fapi2", "fapi2_message_signing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientMetadata:
    """`jwks` is the text of a JWK Set. `localized` has the members with a language tag, as they
    were sent (`client_name#ja`). `token_endpoint_auth_method` is empty for a client of the portal
    or the command line: it may use Basic or post. `include_claims_in_id_token` is an extension: ID
    tokens include the claims of the granted scopes, as userinfo does. `optional_scope` is an
    extension: the scopes that a person may decline. `required_authorization_details` is an
    extension: the health data, as JSON text, that a person cannot leave out.
    `token_exchange_actors` is an extension: the ids of the clients that may act by what people
    allowed this one. `profile` is an extension: the security profile
    (`protocol/security_profiles.py`). `reviewed` is the operator's mark, and `verified_domain` the
    domain that runs it, as the operator checked. The operator also sets the numbers per minute; 0
    is no limit of this client alone."""

    application_type: Literal["web", "native"] = "web"
    contacts: tuple[str, ...] = ()
    localized: Mapping[str, str] = field(default_factory=dict)
    logo_uri: str = ""
    jwks_uri: str = ""
    jwks: str = ""
    token_endpoint_auth_method: str = ""
    token_endpoint_auth_signing_alg: str = ""
    subject_type: Literal["public", "pairwise"] = "public"
    sector_identifier_uri: str = ""
    id_token_encrypted_response_alg: str = ""
    id_token_encrypted_response_enc: str = ""
    userinfo_signed_response_alg: str = ""
    userinfo_encrypted_response_alg: str = ""
    userinfo_encrypted_response_enc: str = ""
    request_object_signing_alg: str = ""
    request_object_encryption_alg: str = ""
    request_object_encryption_enc: str = ""
    authorization_signed_response_alg: str = ""
    authorization_encrypted_response_alg: str = ""
    authorization_encrypted_response_enc: str = ""
    introspection_signed_response_alg: str = ""
    introspection_encrypted_response_alg: str = ""
    introspection_encrypted_response_enc: str = ""
    default_max_age: int | None = None
    require_auth_time: bool = False
    require_pushed_authorization_requests: bool = False
    require_signed_request_object: bool = False
    default_acr_values: tuple[str, ...] = ()
    initiate_login_uri: str = ""
    request_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    frontchannel_logout_uri: str = ""
    frontchannel_logout_session_required: bool = False
    backchannel_logout_uri: str = ""
    backchannel_logout_session_required: bool = False
    software_id: str = ""
    software_version: str = ""
    software_statement: str = ""
    include_claims_in_id_token: bool = False
    optional_scope: tuple[str, ...] = ()
    dpop_bound_access_tokens: bool = False
    tls_client_auth_subject_dn: str = ""
    tls_client_auth_san_dns: str = ""
    tls_client_auth_san_uri: str = ""
    tls_client_auth_san_ip: str = ""
    tls_client_auth_san_email: str = ""
    tls_client_certificate_bound_access_tokens: bool = False
    required_authorization_details: str = ""
    token_exchange_actors: tuple[str, ...] = ()
    profile: SecurityProfileName = "legacy"
    reviewed: bool = False
    verified_domain: str = ""
    tokens_per_minute: int = 0
    requests_per_minute: int = 0


DEFAULT_METADATA = ClientMetadata()
"""The metadata of a client that registered none of it."""
