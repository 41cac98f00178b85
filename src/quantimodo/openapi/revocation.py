"""Describes the revocation endpoint (RFC 7009)."""

from typing import Annotated, Final, Required, TypedDict

from quantimodo.openapi import fakes, tags
from quantimodo.openapi.client_authentication import (
    BY_CLIENT,
    INVALID_CLIENT,
    ClientAssertion,
    ClientAssertionType,
    ClientId,
    ClientSecret,
)
from quantimodo.openapi.operation import JSON, Content, Operation, Response, described
from quantimodo.openapi.responses import refused


class RevocationRequest(TypedDict, total=False):
    """A revocation request (RFC 7009 §2.1)."""

    token: Required[
        Annotated[str, described("An access, refresh or personal token.", fakes.REFRESH_TOKEN)]
    ]
    token_type_hint: Annotated[
        str, described("Accepted and ignored: the token has its type.", "refresh_token")
    ]
    client_id: ClientId
    client_secret: ClientSecret
    client_assertion_type: ClientAssertionType
    client_assertion: ClientAssertion


class Revocation(TypedDict):
    """An empty object (RFC 7009 §2.2)."""


OPERATIONS: Final = (
    Operation(
        route="revoke",
        method="POST",
        id="revokeToken",
        tag=tags.TOKENS,
        summary="Revoke a token",
        description=(
            "It stops working at once. With a refresh token everything of the same"
            " authorization is revoked; an access token is revoked alone. A personal token needs"
            " no authentication."
        ),
        body=RevocationRequest,
        examples={
            "refresh_token": {"token": fakes.REFRESH_TOKEN, "client_id": fakes.CLIENT_ID},
        },
        security=BY_CLIENT,
        responses={
            200: Response(
                "The token is invalid now. An unknown one was invalid already.",
                (Content(JSON, Revocation, {"revoked": {}}),),
                ("NotStored",),
            ),
            400: refused(
                "The request is refused. Nothing was changed.",
                {
                    "invalid_request": "the parameter token is missing",
                    "unauthorized_client": "the token was issued to another client",
                },
                "NotStored",
            ),
            401: INVALID_CLIENT,
        },
        shared=(413, 500, 503),
    ),
)
