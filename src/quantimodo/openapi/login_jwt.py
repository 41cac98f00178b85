"""Describes the endpoints that exchange a code or a native token for a login JWT."""

from typing import Annotated, Any, Final, Literal, NotRequired, Required, TypedDict

from quantimodo.openapi import fakes, tags
from quantimodo.openapi.operation import JSON, Content, Operation, Response, described
from quantimodo.openapi.responses import IncidentNumber
from quantimodo.openapi.user_me import SignedInUser

_LOGIN_CODE: Final = "qml_fake-login-code-of-no-use"

ProviderName = Annotated[
    str,
    described("One that the operator has configured, such as `google` or `facebook`.", "google"),
]

ForClient = Annotated[
    str,
    described(
        "The app's id. The result is then valid for this app only; otherwise for all apps that"
        " registered `redirectUrl`. Also as `client_id`.",
        fakes.CLIENT_ID,
    ),
]


class SocialCode(TypedDict, total=False):
    """A code that is exchanged for a login JWT."""

    provider: Required[ProviderName]
    code: Required[
        Annotated[
            str,
            described(
                "The code that was sent to `redirectUrl`, once, within its minute. Or one that the"
                " provider gave to the app itself, as Google's popup does.",
                _LOGIN_CODE,
            ),
        ]
    ]
    code_verifier: Annotated[
        str,
        described(
            "The verifier of `code_challenge`, if one was sent.",
            fakes.VERIFIER,
            pattern="^[A-Za-z0-9._~-]{43,128}$",
        ),
    ]
    redirectUrl: Annotated[
        str,
        described(
            "Only with a code of the provider: the redirect URI of its request.",
            fakes.REDIRECT_URI,
        ),
    ]
    clientId: ForClient


class SocialToken(TypedDict, total=False):
    """The token of a provider's SDK in a native app."""

    provider: Required[ProviderName]
    accessToken: Required[
        Annotated[
            str,
            described(
                "An access token or an ID token: the server detects which. Issued to one of the"
                " apps"
                " that the operator registered there. Also as `access_token`.",
                "fake-token-of-the-sdk",
            ),
        ]
    ]
    refreshToken: Annotated[
        str,
        described(
            "Stored encrypted, if given. Also as `refresh_token`.", "fake-refresh-token-of-the-sdk"
        ),
    ]
    nonce: Annotated[str, described("The nonce of the ID token's request.", fakes.NONCE)]
    clientId: ForClient


class LoginData(TypedDict):
    """The person who signed in, and a login JWT."""

    token: Annotated[
        str,
        described(
            "A JWT for the authorize endpoint only: as `Authorization: Bearer`, or as `?token=`.",
            fakes.LOGIN_TOKEN,
        ),
    ]
    tokenType: Annotated[Literal["Bearer"], described("Always `Bearer`.", "Bearer")]
    expiresIn: Annotated[int, described("Seconds that the JWT has left.", 600, ge=0)]
    newUser: Annotated[bool, described("Whether the account was just created.", False)]
    user: SignedInUser


class LoginEnvelope(TypedDict):
    """A sign-in through a provider."""

    success: Annotated[Literal[True], described("Always true.", True)]
    data: LoginData


class SocialError(TypedDict, total=False):
    """The error of a sign-in."""

    code: Required[Annotated[str, described("A code for programs.", "invalid_grant")]]
    message: Required[Annotated[str, described("A text for people.", "the code was used before")]]
    interactionUrl: Annotated[
        str,
        described(
            "With `link_required`: where the person links both accounts. Open interactionUrl in a"
            " browser.",
            f"{fakes.ISSUER}/account/identities",
        ),
    ]


class RefusedLogin(TypedDict):
    """A sign-in that was refused."""

    success: Annotated[Literal[False], described("Always false.", False)]
    status: Annotated[Literal["error"], described("Always `error`.", "error")]
    message: Annotated[str, described("The same as `error.message`.", "the code was used before")]
    error: SocialError
    incident: NotRequired[IncidentNumber]


def _envelope(code: str, message: str, **more: str) -> dict[str, Any]:
    return {
        "success": False,
        "status": "error",
        "message": message,
        "error": {"code": code, "message": message, **more},
    }


def _refused(description: str, texts: dict[str, str], *headers: str, **more: str) -> Response:
    examples = {code: _envelope(code, text, **more) for code, text in texts.items()}
    return Response(description, (Content(JSON, RefusedLogin, examples),), ("NotStored", *headers))


_ENVELOPE: Final = {
    "success": True,
    "data": {
        "token": fakes.LOGIN_TOKEN,
        "tokenType": "Bearer",
        "expiresIn": 600,
        "newUser": False,
        "user": {
            "id": 42,
            "displayName": "Ann Example",
            "loginName": "ann@example.org",
            "email": "ann@example.org",
            "emailVerified": True,
        },
    },
}

_RESPONSES: Final = {
    200: Response(
        "The person who signed in, and a login JWT.",
        (Content(JSON, LoginEnvelope, {"signed in": _ENVELOPE}),),
        ("NotStored",),
    ),
    400: _refused(
        "Refused. `invalid_grant`: the code is invalid or expired; used twice, it also revokes"
        " the JWT of its first use.",
        {
            "invalid_request": "the parameter provider is missing",
            "invalid_grant": "the code was used before",
        },
    ),
    401: _refused(
        "The native token is invalid, or was issued to another application (`invalid_token`). With"
        " `limited_login_required` the app has to send Facebook's Limited Login ID token.",
        {},
    ),
    403: _refused(
        "No sign-in: the account is disabled, or this server makes no accounts (`access_denied`);"
        " or there is an account with this address, to which the person has to sign in first"
        " (`link_required`).",
        {},
    ),
    429: _refused("Too many attempts from one network address.", {}, "RetryAfter"),
    502: _refused("The provider sent an invalid response (`provider_error`).", {}),
    503: _refused("The provider or the database does not respond now.", {}),
}

_TRADE: Final = {
    "code": {"provider": "google", "code": _LOGIN_CODE, "code_verifier": fakes.VERIFIER}
}

_NATIVE: Final = {"native": {"provider": "google", "accessToken": "fake-token-of-the-sdk"}}

OPERATIONS: Final = (
    Operation(
        route="social_code",
        method="POST",
        id="authorizeCode",
        tag=tags.SOCIAL,
        summary="Exchange a code for a login JWT",
        description=(
            "For the app itself, from any origin. The JWT identifies the person to the authorize"
            " endpoint, for ten minutes, and has no other use. A JSON object with the same"
            " members is accepted too."
        ),
        body=SocialCode,
        examples=_TRADE,
        responses=_RESPONSES,
        shared=(413, 500),
    ),
    Operation(
        route="social_code",
        method="GET",
        id="authorizeCodeByAddress",
        twin_of="authorizeCode",
        tag=tags.SOCIAL,
        summary="Exchange a code for a login JWT, with all parameters in the address",
        description="For clients of 2016. Addresses end up in logs: use `POST`.",
        query=SocialCode,
        examples=_TRADE,
        responses=_RESPONSES,
        shared=(413, 500),
    ),
    Operation(
        route="social_token",
        method="POST",
        id="authorizeToken",
        tag=tags.SOCIAL,
        summary="Exchange a native token for a login JWT",
        description=(
            "For apps on phones, with a token of the provider's SDK. A token that was issued to"
            " another application is refused. A JSON object with the same members is accepted"
            " too."
        ),
        body=SocialToken,
        examples=_NATIVE,
        responses=_RESPONSES,
        shared=(413, 500),
    ),
    Operation(
        route="social_token",
        method="GET",
        id="authorizeTokenByAddress",
        twin_of="authorizeToken",
        tag=tags.SOCIAL,
        summary="Exchange a native token for a login JWT, with the token in the address",
        description=(
            "For clients of 2016. Addresses end up in logs: use `POST`. The operator can turn"
            " this off."
        ),
        query=SocialToken,
        examples=_NATIVE,
        responses=_RESPONSES,
        shared=(413, 500),
    ),
)
