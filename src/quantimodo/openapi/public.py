"""The documents that anybody may read, and what the operator's machines ask; described."""

from typing import Any, Final

from quantimodo.openapi import fakes
from quantimodo.openapi.answers import Health, refused
from quantimodo.openapi.operation import JSON, Answer, Content, Operation
from quantimodo.openapi.published import KeySet, ServerMetadata
from quantimodo.openapi.shared import OPERATOR
from quantimodo.protocol.discovery import metadata

DISCOVERY: Final = "Discovery"
WATCHING: Final = "Watching"

_ALIVE: Final = Answer("It is.", (Content(JSON, Health, {"ok": {"status": "ok"}}),))
_KEYS: Final = {
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
        summary="What this server is and can do",
        description=(
            "What OAuth 2 and OpenID Connect libraries configure themselves by: they need only the"
            " issuer. May be kept for an hour."
        ),
        answers={
            200: Answer(
                "The metadata.",
                (Content(JSON, ServerMetadata, {"metadata": metadata(fakes.ISSUER)}),),
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
            " signs, and stays until all that it signed has expired. May be kept for five minutes."
        ),
        answers={200: Answer("The keys.", (Content(JSON, KeySet, {"one key": _KEYS}),))},
        shared=(413, 500),
    ),
    Operation(
        route="openapi",
        method="GET",
        id="getOpenApi",
        tag=DISCOVERY,
        summary="This document",
        description="OpenAPI 3.1. The page at `/docs` is made from it.",
        answers={200: Answer("The document.", (Content(JSON, dict[str, Any]),))},
        shared=(413, 500),
    ),
    Operation(
        route="alive",
        method="GET",
        id="isAlive",
        tag=WATCHING,
        summary="Is the process there?",
        description="Says nothing of what it needs.",
        answers={200: _ALIVE},
        shared=(413, 500),
    ),
    Operation(
        route="ready",
        method="GET",
        id="isReady",
        tag=WATCHING,
        summary="Can it serve?",
        description="Asks the database, and whether there are keys to sign with.",
        answers={200: _ALIVE},
        shared=(413, 500, 503),
    ),
    Operation(
        route="metrics",
        method="GET",
        id="getMetrics",
        tag=WATCHING,
        summary="The numbers",
        description="In the text format of Prometheus, for whoever has the operator's token.",
        security=OPERATOR,
        answers={
            200: Answer("The numbers.", (Content("text/plain", str),)),
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
