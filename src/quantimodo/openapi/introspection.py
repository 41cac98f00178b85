"""Describes the introspection endpoint (RFC 7662)."""

from typing import Annotated, Any, Final, Literal, Required, TypedDict

from quantimodo.openapi import fakes, tags
from quantimodo.openapi.authorization_details import GrantedDetails
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


class IntrospectionRequest(TypedDict, total=False):
    """An introspection request (RFC 7662 §2.1)."""

    token: Required[Annotated[str, described("An access or refresh token.", fakes.ACCESS_TOKEN)]]
    token_type_hint: Annotated[
        str, described("Accepted and ignored: the token has its type.", "access_token")
    ]
    client_id: ClientId
    client_secret: ClientSecret
    client_assertion_type: ClientAssertionType
    client_assertion: ClientAssertion


class Introspection(TypedDict, total=False):
    """The state of a token (RFC 7662 §2.2). An invalid or foreign token is `active: false`, and
    nothing more is documented."""

    active: Required[Annotated[bool, described("Whether the token works now.", True)]]
    scope: Annotated[str, described("Space-separated scopes.", "basic")]
    client_id: Annotated[str, described("The app that it was issued to.", fakes.CLIENT_ID)]
    token_type: Annotated[Literal["Bearer", "DPoP"], described("For access tokens only.", "Bearer")]
    exp: Annotated[int, described("When it expires, in seconds since 1970.", 1_795_435_200)]
    iat: Annotated[int, described("When it was made, in seconds since 1970.", 1_795_431_600)]
    refresh_token_timeout: Annotated[
        int,
        described(
            "Of a refresh token: seconds until it expires, if it is not used"
            " (Refresh Token Expiration §7).",
            2_592_000,
            ge=0,
        ),
    ]
    authorization_expires_in: Annotated[
        int,
        described("Of a refresh token: seconds until the authorization ends.", 15_552_000, ge=0),
    ]
    sub: Annotated[
        str, described("The person; the app's id for `client_credentials`.", fakes.SUBJECT)
    ]
    aud: Annotated[
        str, described("The intended resource. Only of an access token.", fakes.AUDIENCE)
    ]
    iss: Annotated[str, described("This server.", fakes.ISSUER)]
    jti: Annotated[str, described("The id of a JWT access token.", "fake-token-id")]
    act: Annotated[
        dict[str, Any],
        described(
            "Of an exchanged token: the app that acts for the person, by `sub` (RFC 8693 §4.1)."
            " Inside, the app that the person allowed, if it is another one.",
            {"sub": "tasks-api", "act": {"sub": fakes.CLIENT_ID}},
        ),
    ]
    auth_time: Annotated[
        int, described("When the person signed in, in seconds since 1970.", 1_795_431_590)
    ]
    acr: Annotated[str, described("How strongly the person signed in (RFC 9470 §6.2).", "2")]
    cnf: Annotated[
        dict[str, str],
        described(
            "The key or certificate to which the token is bound: `jkt` (RFC 9449 §6.2) or"
            " `x5t#S256` (RFC 8705 §3.2).",
            {"jkt": fakes.CHALLENGE},
        ),
    ]
    authorization_details: GrantedDetails


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

OPERATIONS: Final = (
    Operation(
        route="introspect",
        method="POST",
        id="introspectToken",
        tag=tags.TOKENS,
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
            401: INVALID_CLIENT,
        },
        shared=(413, 500, 503),
    ),
)
