"""Descriptions of the token, revocation and introspection endpoints."""

from typing import Final

from quantimodo.openapi import fakes
from quantimodo.openapi.operation import JSON, Content, Operation, Response
from quantimodo.openapi.parameters import (
    DeviceAuthorizationRequest,
    IntrospectionRequest,
    PushedRequest,
    RevocationRequest,
    TokenRequest,
)
from quantimodo.openapi.responses import (
    DeviceAuthorizationResponse,
    Introspection,
    PushedRequestResponse,
    Revocation,
    TokenAnswer,
    refused,
)
from quantimodo.openapi.shared import BY_CLIENT
from quantimodo.protocol.vocabulary import ACCESS_TOKEN_URN, TOKEN_EXCHANGE

TAG: Final = "Tokens"

_REQUESTS: Final = {
    "authorization_code": {
        "grant_type": "authorization_code",
        "code": fakes.CODE,
        "redirect_uri": fakes.REDIRECT_URI,
        "code_verifier": fakes.VERIFIER,
        "client_id": fakes.CLIENT_ID,
    },
    "refresh_token": {
        "grant_type": "refresh_token",
        "refresh_token": fakes.REFRESH_TOKEN,
        "client_id": fakes.CLIENT_ID,
    },
    "client_credentials": {
        "grant_type": "client_credentials",
        "scope": "readmeasurements",
        "client_id": fakes.CLIENT_ID,
        "client_secret": fakes.CLIENT_SECRET,
    },
    "device_code": {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": fakes.DEVICE_CODE,
        "client_id": fakes.CLIENT_ID,
    },
    "token_exchange": {
        "grant_type": TOKEN_EXCHANGE,
        "subject_token": fakes.ACCESS_TOKEN,
        "subject_token_type": ACCESS_TOKEN_URN,
        "resource": "https://tasks.example.org/",
        "client_id": fakes.CLIENT_ID,
        "client_secret": fakes.CLIENT_SECRET,
    },
}

_TOKENS: Final = {
    "authorization_code": {
        "access_token": fakes.ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "basic openid",
        "refresh_token": fakes.REFRESH_TOKEN,
        "id_token": fakes.ID_TOKEN,
    },
    "client_credentials": {
        "access_token": fakes.ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "readmeasurements",
    },
}

_INTROSPECTED: Final = {
    "live": {
        "active": True,
        "scope": "basic",
        "client_id": fakes.CLIENT_ID,
        "token_type": "Bearer",
        "exp": 1_795_435_200,
        "iat": 1_795_431_600,
        "sub": fakes.SUBJECT,
        "aud": fakes.AUDIENCE,
        "iss": fakes.ISSUER,
    },
    "dead": {"active": False},
}

_WHO_ARE_YOU: Final = refused(
    "Client authentication failed.",
    {"invalid_client": "client authentication failed"},
    "NotStored",
    "BasicChallenge",
)

_TOKEN_RESPONSES: Final = {
    200: Response(
        "The tokens. They are on disk before the response is sent.",
        (Content(JSON, TokenAnswer, _TOKENS),),
        ("NotStored",),
    ),
    400: refused(
        "Refused. `invalid_grant`: the code or refresh token is invalid or expired. A device that"
        " polls gets `authorization_pending`, `slow_down`, `access_denied` or `expired_token`.",
        {
            "authorization_pending": "the person has not decided yet",
            "slow_down": "wait 5 seconds longer between polls",
            "access_denied": "the person did not allow it",
            "expired_token": "the device code has expired: request a new one",
            "invalid_request": "the parameter grant_type is missing",
            "invalid_grant": "the code was used before",
            "invalid_dpop_proof": "the DPoP proof was used before",
            "use_dpop_nonce": "the DPoP proof needs the nonce in the header DPoP-Nonce",
            "unauthorized_client": "the app is not registered for this grant_type",
            "unsupported_grant_type": "this grant_type is not offered",
            "invalid_scope": "a requested scope does not exist here",
            "invalid_target": "this resource was not granted",
            "invalid_authorization_details": "authorization_details exceed what was granted",
        },
        "NotStored",
    ),
    401: _WHO_ARE_YOU,
    429: refused(
        "More responses with tokens in a minute than the operator allows this app.",
        {
            "temporarily_unavailable": "too many requests of this application or address: try"
            " again later"
        },
        "NotStored",
        "RetryAfter",
    ),
}

OPERATIONS: Final = (
    Operation(
        route="token",
        method="POST",
        id="getTokens",
        tag=TAG,
        summary="Exchange a code, a refresh token or client credentials for tokens",
        description=(
            "A confidential app authenticates by HTTP Basic, or by `client_id` and `client_secret`"
            " in the body. A public app sends its `client_id`, and must have used PKCE.\n\n"
            "A code is used once. A second use is refused, and what the first one returned"
            " ends.\n\n"
            "A refresh token is used once; the response has its successor. For ten seconds (the"
            " operator can change that) it returns the same successor again, so that two tabs or a"
            " lost response do not sign a person out. A later use means two holders: everything of"
            " the authorization ends.\n\n"
            "With token exchange (RFC 8693), which the operator has to offer, an API gets an access"
            " token for another API that the person allowed. `invalid_request` is the error for a"
            " `subject_token` that the app may not exchange.\n\n"
            "With a proof in the header `DPoP`, the access token is bound to the app's key, and so"
            " is the refresh token of a public app (RFC 9449). The response to it has a nonce in"
            " `DPoP-Nonce`; with the error `use_dpop_nonce`, repeat the request with a proof that"
            " has this nonce.\n\n"
            "A device polls with its `device_code` (RFC 8628) until its person has decided, at most"
            " once in each `interval`.\n\n"
            "A JSON object with the same members is accepted too."
        ),
        body=TokenRequest,
        examples=_REQUESTS,
        security=BY_CLIENT,
        responses=_TOKEN_RESPONSES,
        shared=(413, 500, 503),
    ),
    Operation(
        route="token",
        method="GET",
        id="getTokensByAddress",
        twin_of="getTokens",
        tag=TAG,
        summary="The same, with all parameters in the address",
        description=(
            "For clients of 2016. Addresses end up in logs and histories: use `POST`. Strict apps"
            " must, and the operator can turn this off for all."
        ),
        query=TokenRequest,
        examples=_REQUESTS,
        security=BY_CLIENT,
        responses=_TOKEN_RESPONSES,
        shared=(413, 500, 503),
    ),
    Operation(
        route="pushed_request",
        method="POST",
        id="pushAuthorizationRequest",
        tag=TAG,
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
                        {"stored": {"request_uri": fakes.REQUEST_URI, "expires_in": 90}},
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
            401: _WHO_ARE_YOU,
            429: refused(
                "Too many pushed requests of this app, or of this address for a public app.",
                {
                    "temporarily_unavailable": "too many requests of this application or"
                    " address: try again later"
                },
                "NotStored",
                "RetryAfter",
            ),
        },
        shared=(413, 500, 503),
    ),
    Operation(
        route="device_authorization",
        method="POST",
        id="authorizeDevice",
        tag=TAG,
        summary="Request the codes of a device",
        description=(
            "Device authorization grant (RFC 8628), for an app on a device without a browser. It"
            " authenticates as at the token endpoint, shows the person `user_code` and"
            " `verification_uri`, and polls the token endpoint with `device_code`. With a proof in"
            " the header `DPoP`, the device code is bound to the key. The app has to be registered"
            " for the grant type `urn:ietf:params:oauth:grant-type:device_code`."
        ),
        body=DeviceAuthorizationRequest,
        examples={
            "public": {"scope": "basic readmeasurements", "client_id": fakes.CLIENT_ID},
        },
        security=BY_CLIENT,
        responses={
            200: Response(
                "The codes.",
                (
                    Content(
                        JSON,
                        DeviceAuthorizationResponse,
                        {
                            "issued": {
                                "device_code": fakes.DEVICE_CODE,
                                "user_code": fakes.USER_CODE,
                                "verification_uri": f"{fakes.ISSUER}/device",
                                "verification_uri_complete": f"{fakes.ISSUER}/device"
                                f"?user_code={fakes.USER_CODE}",
                                "expires_in": 900,
                                "interval": 5,
                            }
                        },
                    ),
                ),
                ("NotStored",),
            ),
            400: refused(
                "Refused.",
                {
                    "unauthorized_client": "the app is not registered for the device grant",
                    "invalid_scope": "the app is not registered for any of the requested scopes",
                    "invalid_target": "a resource is not registered here",
                },
                "NotStored",
            ),
            401: _WHO_ARE_YOU,
            429: refused(
                "Too many devices of this app, or of this address for a public app.",
                {
                    "temporarily_unavailable": "too many requests of this application or"
                    " address: try again later"
                },
                "NotStored",
                "RetryAfter",
            ),
        },
        shared=(413, 500, 503),
    ),
    Operation(
        route="revoke",
        method="POST",
        id="revokeToken",
        tag=TAG,
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
                "Refused, nothing changed.",
                {
                    "invalid_request": "the parameter token is missing",
                    "unauthorized_client": "the token was issued to another client",
                },
                "NotStored",
            ),
            401: _WHO_ARE_YOU,
        },
        shared=(413, 500, 503),
    ),
    Operation(
        route="introspect",
        method="POST",
        id="introspectToken",
        tag=TAG,
        summary="Introspect a token",
        description=(
            "For confidential apps: about their own tokens. An app that the operator registered as"
            " a resource server may introspect any access token for this API. Public apps cannot"
            " authenticate, and are refused.\n\n"
            "With `Accept: application/token-introspection+jwt` the response is a JWT for the app,"
            " signed as it registered (RFC 9701); `token_introspection` has the members."
        ),
        body=IntrospectionRequest,
        examples={
            "access_token": {
                "token": fakes.ACCESS_TOKEN,
                "client_id": fakes.CLIENT_ID,
                "client_secret": fakes.CLIENT_SECRET,
            },
        },
        security=BY_CLIENT,
        responses={
            200: Response(
                "The current state of the token.",
                (
                    Content(JSON, Introspection, _INTROSPECTED),
                    Content(
                        "application/token-introspection+jwt",
                        str,
                        {"signed": "fake.introspection.response"},
                    ),
                ),
                ("NotStored",),
            ),
            400: refused(
                "Refused.", {"invalid_request": "the parameter token is missing"}, "NotStored"
            ),
            401: _WHO_ARE_YOU,
        },
        shared=(413, 500, 503),
    ),
)
