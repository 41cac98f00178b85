"""The configuration documents of clients, as types (RFC 8414, RFC 7517)."""

from typing import Annotated, Literal, NotRequired, Required, TypedDict

from quantimodo.openapi import fakes
from quantimodo.openapi.operation import described


class ResourceMetadata(TypedDict):
    """The metadata of this API (RFC 9728 §2)."""

    resource: Annotated[str, described("The identifier of this API.", fakes.AUDIENCE)]
    authorization_servers: list[str]
    scopes_supported: list[str]
    bearer_methods_supported: list[str]
    dpop_signing_alg_values_supported: list[str]
    tls_client_certificate_bound_access_tokens: NotRequired[bool]
    authorization_details_types_supported: list[str]
    resource_name: str
    resource_documentation: str


class ServerMetadata(TypedDict):
    """The metadata of this server (RFC 8414 §2, OpenID Connect Discovery §3)."""

    issuer: Annotated[str, described("The issuer in every token.", fakes.ISSUER)]
    authorization_endpoint: str
    token_endpoint: str
    pushed_authorization_request_endpoint: str
    require_pushed_authorization_requests: bool
    device_authorization_endpoint: str
    revocation_endpoint: str
    introspection_endpoint: str
    userinfo_endpoint: str
    end_session_endpoint: str
    check_session_iframe: str
    jwks_uri: Annotated[
        str, described("The address of the public keys.", f"{fakes.ISSUER}/.well-known/jwks.json")
    ]
    service_documentation: str
    scopes_supported: list[str]
    response_types_supported: list[str]
    response_modes_supported: list[str]
    grant_types_supported: list[str]
    subject_types_supported: list[str]
    acr_values_supported: list[str]
    authorization_details_types_supported: list[str]
    id_token_signing_alg_values_supported: list[str]
    id_token_encryption_alg_values_supported: list[str]
    id_token_encryption_enc_values_supported: list[str]
    userinfo_signing_alg_values_supported: list[str]
    userinfo_encryption_alg_values_supported: list[str]
    userinfo_encryption_enc_values_supported: list[str]
    request_object_signing_alg_values_supported: list[str]
    authorization_signing_alg_values_supported: list[str]
    authorization_encryption_alg_values_supported: list[str]
    authorization_encryption_enc_values_supported: list[str]
    introspection_signing_alg_values_supported: list[str]
    introspection_encryption_alg_values_supported: list[str]
    introspection_encryption_enc_values_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    token_endpoint_auth_signing_alg_values_supported: list[str]
    revocation_endpoint_auth_methods_supported: list[str]
    revocation_endpoint_auth_signing_alg_values_supported: list[str]
    introspection_endpoint_auth_methods_supported: list[str]
    introspection_endpoint_auth_signing_alg_values_supported: list[str]
    code_challenge_methods_supported: list[str]
    dpop_signing_alg_values_supported: list[str]
    grant_management_endpoint: str
    grant_management_actions_supported: list[str]
    grant_management_action_required: bool
    prompt_values_supported: list[str]
    display_values_supported: list[str]
    claim_types_supported: list[str]
    claims_supported: list[str]
    ui_locales_supported: list[str]
    claims_parameter_supported: bool
    client_id_metadata_document_supported: bool
    request_parameter_supported: bool
    request_uri_parameter_supported: bool
    require_request_uri_registration: bool
    authorization_response_iss_parameter_supported: bool
    frontchannel_logout_supported: bool
    frontchannel_logout_session_supported: bool
    backchannel_logout_supported: bool
    backchannel_logout_session_supported: bool


class PublicKey(TypedDict, total=False):
    """The public half of a signing key (RFC 7517 §4)."""

    kty: Required[Annotated[Literal["EC", "RSA", "OKP"], described("The kind of key.", "EC")]]
    kid: Required[
        Annotated[str, described("The key id: the RFC 7638 thumbprint.", "fake-key-thumbprint")]
    ]
    use: Required[Annotated[Literal["sig"], described("It signs.", "sig")]]
    alg: Required[
        Annotated[Literal["ES256", "RS256", "PS256", "EdDSA"], described("How it signs.", "ES256")]
    ]
    crv: Annotated[Literal["P-256", "Ed25519"], described("Of an EC or OKP key.", "P-256")]
    x: Annotated[str, described("Of an EC or OKP key.", "fake-coordinate")]
    y: Annotated[str, described("Of an EC key.", "fake-coordinate")]
    n: Annotated[str, described("Of an RSA key.", "fake-modulus")]
    e: Annotated[str, described("Of an RSA key.", "AQAB")]


class KeySet(TypedDict):
    """All keys whose signatures are still valid, and the next one (RFC 7517 §5)."""

    keys: list[PublicKey]
