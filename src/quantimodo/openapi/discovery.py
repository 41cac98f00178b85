"""Describes the public documents: metadata, keys, and the OpenAPI document."""

from typing import Annotated, Any, Final, Literal, NotRequired, Required, TypedDict

from quantimodo.openapi import fakes, tags
from quantimodo.openapi.operation import JSON, Content, Operation, Response, described
from quantimodo.openapi.schemas import typed_dict
from quantimodo.protocol.discovery import metadata, protected_resource
from quantimodo.protocol.endpoints import MEMBERS


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


class _Members(TypedDict):
    """Those that are no addresses of endpoints, and those with a description."""

    issuer: Annotated[str, described("The issuer in every token.", fakes.ISSUER)]
    require_pushed_authorization_requests: bool
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


ServerMetadata: Any = typed_dict(
    "ServerMetadata",
    "The metadata of this server (RFC 8414 §2, OpenID Connect Discovery §3).",
    dict.fromkeys(MEMBERS, str) | _Members.__annotations__,
    total=True,
)


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


KEYS: Final = {
    "keys": [
        {
            "kty": "EC",
            "kid": "fake-key-thumbprint",
            "use": "sig",
            "alg": "ES256",
            "crv": "P-256",
            "x": "fake-coordinate",
            "y": "fake-coordinate",
        }
    ]
}

OPERATIONS: Final = (
    Operation(
        route="metadata",
        method="GET",
        id="getMetadata",
        tag=tags.DISCOVERY,
        summary="Get the metadata of this server",
        description=(
            "The configuration of OAuth 2 and OpenID Connect libraries: they need only the"
            " issuer. May be cached for an hour."
        ),
        responses={
            200: Response(
                "The metadata.",
                (Content(JSON, ServerMetadata, {"metadata": metadata(fakes.ISSUER)}),),
            ),
        },
        shared=(413, 500),
    ),
    Operation(
        route="resource_metadata",
        method="GET",
        id="getResourceMetadata",
        tag=tags.DISCOVERY,
        summary="Get the metadata of this API",
        description=(
            "RFC 9728: its identifier, its authorization server and its scopes. The challenge of a"
            " refused request has this address. May be cached for an hour."
        ),
        responses={
            200: Response(
                "The metadata.",
                (
                    Content(
                        JSON,
                        ResourceMetadata,
                        {"metadata": protected_resource(fakes.ISSUER, query=True)},
                    ),
                ),
            ),
        },
        shared=(413, 500),
    ),
    Operation(
        route="key_set",
        method="GET",
        id="getKeys",
        tag=tags.DISCOVERY,
        summary="Get the public keys",
        description=(
            "Verify ID tokens and JWT access tokens with them. A key is published a day before it"
            " signs, and stays until all that it signed has expired. May be cached for five"
            " minutes."
        ),
        responses={200: Response("The keys.", (Content(JSON, KeySet, {"one key": KEYS}),))},
        shared=(413, 500),
    ),
    Operation(
        route="openapi",
        method="GET",
        id="getOpenApi",
        tag=tags.DISCOVERY,
        summary="Get this document",
        description="OpenAPI 3.1. The pages at `/docs` are made from it.",
        responses={200: Response("The document.", (Content(JSON, dict[str, Any]),))},
        shared=(413, 500),
    ),
    Operation(
        route="openapi_yaml",
        method="GET",
        id="getOpenApiYaml",
        tag=tags.DISCOVERY,
        summary="Get this document as YAML",
        description="The same document, for people and tools that read YAML.",
        responses={200: Response("The document.", (Content("application/yaml", dict[str, Any]),))},
        shared=(413, 500),
    ),
)
