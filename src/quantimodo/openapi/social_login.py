"""Describes the endpoint that sends a person to sign in at a provider."""

from typing import Annotated, Final, Literal, Required, TypedDict

from quantimodo.openapi import fakes, tags
from quantimodo.openapi.authorization_request import State
from quantimodo.openapi.login_jwt import ForClient, ProviderName, RefusedLogin
from quantimodo.openapi.operation import HTML, JSON, Content, Operation, Response, described
from quantimodo.openapi.responses import TOO_LARGE


class SocialLogin(TypedDict, total=False):
    """A sign-in at a provider, for a browser (v2-api.md §2)."""

    provider: Required[ProviderName]
    redirectUrl: Required[
        Annotated[
            str,
            described(
                "The redirect: exactly a redirect URI of a registered app;"
                " only the port of a loopback IP may differ. Also as `redirect_url`.",
                fakes.REDIRECT_URI,
            ),
        ]
    ]
    clientId: ForClient
    state: State
    code_challenge: Annotated[
        str,
        described(
            "PKCE: the SHA-256 of `code_verifier` in base64url without padding. Strict apps must"
            " send it; all should.",
            fakes.CHALLENGE,
            pattern="^[A-Za-z0-9_-]{43}$",
        ),
    ]
    code_challenge_method: Annotated[
        Literal["S256"], described("The method of `code_challenge`.", "S256")
    ]


OPERATIONS: Final = (
    Operation(
        route="social_login",
        method="GET",
        id="socialLogin",
        tag=tags.SOCIAL,
        summary="Send a person to sign in at a provider",
        description=(
            "Open it in the person's browser, a popup for example. The person comes back to"
            " `redirectUrl` with `code`, or with `error` and `error_description`, and with your"
            " `state`. Errors are `access_denied`, `temporarily_unavailable` and `server_error`."
            "\n\nThe server never redirects to an address that is not registered."
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
        responses={
            303: Response(
                "Redirect to the provider; or to the app, if the provider is down.",
                (),
                ("Location",),
            ),
            400: Response(
                "Something is missing, unknown or not registered: a page, and no redirect.",
                (Content(HTML, str), Content(JSON, RefusedLogin)),
            ),
            413: Response(TOO_LARGE.description, (Content(HTML, str), *TOO_LARGE.content)),
            429: Response("Too many attempts.", (Content(HTML, str),), ("RetryAfter",)),
            500: Response(
                "An internal error, with a number for the operator.",
                (Content(HTML, str), Content(JSON, RefusedLogin)),
            ),
            503: Response(
                "The server is busy.",
                (Content(HTML, str), Content(JSON, RefusedLogin)),
                ("RetryAfter",),
            ),
        },
    ),
)
