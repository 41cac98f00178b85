"""Descriptions of the public documents and of the operator's monitoring endpoints."""

from typing import Any, Final

from quantimodo.openapi import fakes
from quantimodo.openapi.operation import JSON, Content, Operation, Response
from quantimodo.openapi.published import KeySet, ResourceMetadata, ServerMetadata
from quantimodo.openapi.responses import Health, refused
from quantimodo.openapi.shared import OPERATOR
from quantimodo.protocol.discovery import metadata, protected_resource

DISCOVERY: Final = "Discovery"
WATCHING: Final = "Watching"

_ALIVE: Final = Response("It is.", (Content(JSON, Health, {"ok": {"status": "ok"}}),))
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
        tag=DISCOVERY,
        summary="The metadata of this server",
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
        tag=DISCOVERY,
        summary="The metadata of this API",
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
        tag=DISCOVERY,
        summary="The public keys",
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
        tag=DISCOVERY,
        summary="This document",
        description="OpenAPI 3.1. The pages at `/docs` are made from it.",
        responses={200: Response("The document.", (Content(JSON, dict[str, Any]),))},
        shared=(413, 500),
    ),
    Operation(
        route="openapi_yaml",
        method="GET",
        id="getOpenApiYaml",
        tag=DISCOVERY,
        summary="This document as YAML",
        description="The same document, for people and tools that read YAML.",
        responses={200: Response("The document.", (Content("application/yaml", dict[str, Any]),))},
        shared=(413, 500),
    ),
    Operation(
        route="alive",
        method="GET",
        id="isAlive",
        tag=WATCHING,
        summary="Whether the process runs",
        description="Does not check the database or keys.",
        responses={200: _ALIVE},
        shared=(413, 500),
    ),
    Operation(
        route="ready",
        method="GET",
        id="isReady",
        tag=WATCHING,
        summary="Whether it can serve",
        description="Checks the database and the signing keys.",
        responses={200: _ALIVE},
        shared=(413, 500, 503),
    ),
    Operation(
        route="metrics",
        method="GET",
        id="getMetrics",
        tag=WATCHING,
        summary="The numbers",
        description="In the text format of Prometheus; requires the operator's token.",
        security=OPERATOR,
        responses={
            200: Response("The numbers.", (Content("text/plain", str),)),
            400: refused(
                "The `Authorization` header is sent twice.",
                {"invalid_request": "a header is repeated"},
            ),
            404: refused(
                "Not the operator's token, or the operator set none.",
                {"not_found": "there is nothing here"},
            ),
        },
        shared=(413, 500),
    ),
)
