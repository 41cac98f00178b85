"""Describes pushed authorization requests (RFC 9126)."""

from typing import Annotated, Final, TypedDict

from quantimodo.openapi import fakes, tags
from quantimodo.openapi.authorization_request import RequestParameters
from quantimodo.openapi.client_authentication import (
    BY_CLIENT,
    INVALID_CLIENT,
    ClientAssertion,
    ClientAssertionType,
    ClientSecret,
)
from quantimodo.openapi.operation import JSON, Content, Operation, Response, described
from quantimodo.openapi.responses import refused, too_many_requests

_REQUEST_URI: Final = "urn:ietf:params:oauth:request_uri:fake-pushed-request"


class PushedRequest(RequestParameters, total=False):
    """An authorization request that the app pushes (RFC 9126 §2.1), with its authentication."""

    client_secret: ClientSecret
    client_assertion_type: ClientAssertionType
    client_assertion: ClientAssertion


class PushedRequestResponse(TypedDict):
    """The reference to a pushed request (RFC 9126 §2.2)."""

    request_uri: Annotated[
        str, described("Send it to the authorization endpoint, with `client_id`.", _REQUEST_URI)
    ]
    expires_in: Annotated[int, described("How long it can be used, in seconds.", 90)]


OPERATIONS: Final = (
    Operation(
        route="pushed_request",
        method="POST",
        id="pushAuthorizationRequest",
        tag=tags.TOKENS,
        summary="Push an authorization request",
        description=(
            "Pushed authorization requests (RFC 9126): the app sends the parameters of the"
            " authorization request here, authenticated as at the token endpoint, and sends the"
            " browser to the authorization endpoint with `client_id` and the `request_uri` of the"
            " response. The request is checked at once. A `request_uri` gives one authorization"
            " response.\n\n"
            "With a proof in the header `DPoP`, only the holder of its key can redeem the code (RFC"
            " 9449 §10.1)."
        ),
        body=PushedRequest,
        examples={
            "code": {
                "response_type": "code",
                "redirect_uri": fakes.REDIRECT_URI,
                "scope": "basic openid",
                "state": fakes.STATE,
                "code_challenge": fakes.CHALLENGE,
                "code_challenge_method": "S256",
                "client_id": fakes.CLIENT_ID,
                "client_secret": fakes.CLIENT_SECRET,
            },
        },
        security=BY_CLIENT,
        responses={
            201: Response(
                "The request is stored.",
                (
                    Content(
                        JSON,
                        PushedRequestResponse,
                        {"stored": {"request_uri": _REQUEST_URI, "expires_in": 90}},
                    ),
                ),
                ("NotStored",),
            ),
            400: refused(
                "Refused, as the authorization endpoint would.",
                {
                    "invalid_request": "redirect_uri is not one of those that the app has"
                    " registered",
                    "invalid_scope": "the app is not registered for any of the requested scopes",
                    "invalid_dpop_proof": "the DPoP proof was used before",
                },
                "NotStored",
            ),
            401: INVALID_CLIENT,
            429: too_many_requests(
                "Too many pushed requests of this app, or of this address for a public app."
            ),
        },
        shared=(413, 500, 503),
    ),
)
