"""Sign-in through a provider, as apps ask for it; described."""

from typing import Annotated, Any, Final, Literal, NotRequired, Required, TypedDict

from quantimodo.openapi import fakes
from quantimodo.openapi.operation import HTML, JSON, Answer, Content, Operation, said
from quantimodo.openapi.shared import TOO_LARGE

TAG: Final = "Social sign-in"

ProviderName = Annotated[
    str,
    said("One of those that the operator has set up, such as `google` or `facebook`.", "google"),
]
_CLIENT_ID: Final = said(
    "The app's id. What comes of it is then good for this app only; else for all apps that"
    " registered `redirectUrl`. Also as `client_id`.",
    fakes.CLIENT_ID,
)
_OPEN: Final = "Open interactionUrl in a browser."


class SocialLogin(TypedDict, total=False):
    """The way to a provider, for a browser (v2-api.md §2)."""

    provider: Required[ProviderName]
    redirectUrl: Required[
        Annotated[
            str,
            said(
                "Where the person comes back to: a redirect URI of a registered app, letter by"
                " letter; only the port of a loopback IP may differ. Also as `redirect_url`.",
                fakes.REDIRECT_URI,
            ),
        ]
    ]
    clientId: Annotated[str, _CLIENT_ID]
    state: Annotated[
        str, said("Comes back as it was sent. Bind it to the browser, and compare.", fakes.STATE)
    ]
    code_challenge: Annotated[
        str,
        said(
            "PKCE: the SHA-256 of `code_verifier` in base64url without padding. Strict apps must"
            " send it; all should.",
            fakes.CHALLENGE,
            pattern="^[A-Za-z0-9_-]{43}$",
        ),
    ]
    code_challenge_method: Annotated[Literal["S256"], said("Goes with `code_challenge`.", "S256")]


class SocialCode(TypedDict, total=False):
    """A code, to be traded for a login JWT."""

    provider: Required[ProviderName]
    code: Required[
        Annotated[
            str,
            said(
                "The code that came to `redirectUrl`, once, within its minute. Or one that the"
                " provider gave to the app itself, as Google's popup does.",
                fakes.LOGIN_CODE,
            ),
        ]
    ]
    code_verifier: Annotated[
        str,
        said(
            "What `code_challenge` was made of, if one was sent.",
            fakes.VERIFIER,
            pattern="^[A-Za-z0-9._~-]{43,128}$",
        ),
    ]
    redirectUrl: Annotated[
        str,
        said(
            "Only with a code of the provider's own: the redirect URI that it was asked for with.",
            fakes.REDIRECT_URI,
        ),
    ]
    clientId: Annotated[str, _CLIENT_ID]


class SocialToken(TypedDict, total=False):
    """What a provider's SDK gave to a native app."""

    provider: Required[ProviderName]
    accessToken: Required[
        Annotated[
            str,
            said(
                "An access token or an ID token: the server tells which. Issued to one of the apps"
                " that the operator registered there. Also as `access_token`.",
                "fake-token-of-the-sdk",
            ),
        ]
    ]
    refreshToken: Annotated[
        str,
        said("Kept encrypted, if given. Also as `refresh_token`.", "fake-refresh-token-of-the-sdk"),
    ]
    nonce: Annotated[str, said("The nonce that the ID token was asked for with.", fakes.NONCE)]
    clientId: Annotated[str, _CLIENT_ID]


class SignedInUser(TypedDict):
    """The person, in the words of the v1 API."""

    id: Annotated[int | None, said("The person's number in the API. Null for a pairwise app.", 42)]
    displayName: Annotated[str, said("What applications call them.", "Ann Example")]
    loginName: Annotated[
        str | None,
        said(
            "Their verified e-mail address, or else their subject. Null for a pairwise app.",
            "ann@example.org",
        ),
    ]
    email: Annotated[str | None, said("Null until it is verified.", "ann@example.org")]
    emailVerified: Annotated[bool, said("Whether there is a verified address.", True)]
    sub: NotRequired[Annotated[str, said("The person, for a pairwise app.", fakes.SUBJECT)]]


class LoginData(TypedDict):
    """Who signed in, and the JWT that says so."""

    token: Annotated[
        str,
        said(
            "A JWT for the authorize endpoint, and for nothing else: as `Authorization: Bearer`,"
            " or as `?token=`.",
            fakes.LOGIN_TOKEN,
        ),
    ]
    tokenType: Annotated[Literal["Bearer"], said("Always `Bearer`.", "Bearer")]
    expiresIn: Annotated[int, said("Seconds that the JWT has left.", 600, ge=0)]
    newUser: Annotated[bool, said("Whether the account was made just now.", False)]
    user: SignedInUser


class LoginEnvelope(TypedDict):
    """A sign-in through a provider."""

    success: Annotated[Literal[True], said("Always true.", True)]
    data: LoginData


class SocialError(TypedDict, total=False):
    """Why it was refused."""

    code: Required[Annotated[str, said("A code for programs.", "invalid_grant")]]
    message: Required[Annotated[str, said("A text for people.", "the code was used before")]]
    interactionUrl: Annotated[
        str,
        said(
            f"With `link_required`: where the person links the two. {_OPEN}",
            f"{fakes.ISSUER}/account/identities",
        ),
    ]


class RefusedLogin(TypedDict):
    """A sign-in that was refused."""

    success: Annotated[Literal[False], said("Always false.", False)]
    status: Annotated[Literal["error"], said("Always `error`.", "error")]
    message: Annotated[str, said("The same as `error.message`.", "the code was used before")]
    error: SocialError


def _envelope(code: str, message: str, **more: str) -> dict[str, Any]:
    return {
        "success": False,
        "status": "error",
        "message": message,
        "error": {"code": code, "message": message, **more},
    }


def _refused(description: str, texts: dict[str, str], *headers: str, **more: str) -> Answer:
    examples = {code: _envelope(code, text, **more) for code, text in texts.items()}
    return Answer(description, (Content(JSON, RefusedLogin, examples),), ("NotStored", *headers))


_LINK: Final = (
    "There is an account with this e-mail address already. Sign in to it first, then link"
)
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

_ANSWERS: Final = {
    200: Answer(
        "Who signed in, and the JWT that says so.",
        (Content(JSON, LoginEnvelope, {"signed in": _ENVELOPE}),),
        ("NotStored",),
    ),
    400: _refused(
        "Refused. `invalid_grant`: the code is not, or no longer, good; used twice, it also ends"
        " the JWT of its first use.",
        {
            "invalid_request": "the parameter provider is missing",
            "invalid_grant": "the code was used before",
        },
    ),
    401: _refused(
        "The native token is not good, or was issued to another application (`invalid_token`). With"
        " `limited_login_required` the app has to send Facebook's Limited Login ID token.",
        {},
    ),
    403: _refused(
        "Nobody is let in: the account is disabled, or no accounts are made here (`access_denied`);"
        " or there is an account with this address, to which the person has to sign in first"
        " (`link_required`).",
        {},
    ),
    429: _refused("Too many tries from one network address.", {}, "RetryAfter"),
    502: _refused("The provider gave an answer that cannot be used (`provider_error`).", {}),
    503: _refused("The provider, or the database, does not answer just now.", {}),
}

_TRADE: Final = {
    "code": {"provider": "google", "code": fakes.LOGIN_CODE, "code_verifier": fakes.VERIFIER}
}
_NATIVE: Final = {"native": {"provider": "google", "accessToken": "fake-token-of-the-sdk"}}

OPERATIONS: Final = (
    Operation(
        route="social_login",
        method="GET",
        id="socialLogin",
        tag=TAG,
        summary="Send a person to sign in at a provider",
        description=(
            "Open it in the person's browser, a popup for example. The person comes back to"
            " `redirectUrl` with `code`, or with `error` and `error_description`, and with your"
            " `state`. Errors are `access_denied`, `temporarily_unavailable` and `server_error`."
            "\n\nWhat is not registered is never redirected to."
        ),
        query=SocialLogin,
        examples={
            "login": {
                "provider": "google",
                "redirectUrl": fakes.REDIRECT_URI,
                "state": fakes.STATE,
                "code_challenge": fakes.CHALLENGE,
                "code_challenge_method": "S256",
            }
        },
        answers={
            303: Answer(
                "On to the provider; or back to the app, if that is down.", (), ("Location",)
            ),
            400: Answer(
                "Something is missing, unknown or not registered: a page, and no redirect.",
                (Content(HTML, str), Content(JSON, RefusedLogin)),
            ),
            413: Answer(TOO_LARGE.description, (Content(HTML, str), *TOO_LARGE.content)),
            429: Answer("Too many tries.", (Content(HTML, str),), ("RetryAfter",)),
            500: Answer("A fault of ours, with a number for the operator.", (Content(HTML, str),)),
            503: Answer("The server is busy.", (Content(HTML, str),), ("RetryAfter",)),
        },
    ),
    Operation(
        route="social_code",
        method="POST",
        id="authorizeCode",
        tag=TAG,
        summary="Trade a code for a login JWT",
        description=(
            "By the app itself, from any origin. The JWT says who the person is to the authorize"
            " endpoint, for ten minutes, and opens nothing else. A JSON object with the same"
            " members is accepted too."
        ),
        body=SocialCode,
        examples=_TRADE,
        answers=_ANSWERS,
        shared=(413, 500),
    ),
    Operation(
        route="social_code",
        method="GET",
        id="authorizeCodeByAddress",
        tag=TAG,
        summary="The same, with everything in the address",
        description="As clients of 2016 do it. Addresses end up in logs: use `POST`.",
        query=SocialCode,
        examples=_TRADE,
        answers=_ANSWERS,
        shared=(413, 500),
    ),
    Operation(
        route="social_token",
        method="POST",
        id="authorizeToken",
        tag=TAG,
        summary="Trade a native token for a login JWT",
        description=(
            "For apps on phones, with what the provider's SDK gave them. A token that was issued to"
            " another application is refused. A JSON object with the same members is accepted"
            " too."
        ),
        body=SocialToken,
        examples=_NATIVE,
        answers=_ANSWERS,
        shared=(413, 500),
    ),
    Operation(
        route="social_token",
        method="GET",
        id="authorizeTokenByAddress",
        tag=TAG,
        summary="The same, with the token in the address",
        description=(
            "As clients of 2016 do it. Addresses end up in logs: use `POST`. The operator can turn"
            " this off."
        ),
        query=SocialToken,
        examples=_NATIVE,
        answers=_ANSWERS,
        shared=(413, 500),
    ),
)
