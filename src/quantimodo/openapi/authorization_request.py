"""The parameters that every authorization request has, pushed or not."""

from typing import Annotated, Literal, Required, TypedDict

from quantimodo.openapi import fakes
from quantimodo.openapi.authorization_details import RequestedDetails
from quantimodo.openapi.operation import described
from quantimodo.protocol.constants import ResponseType

RequestedResource = Annotated[
    str,
    described(
        "The identifier of the API that the tokens are for (RFC 8707). Repeat the parameter for"
        " several. Without it, the API of this server.",
        fakes.AUDIENCE,
    ),
]

State = Annotated[
    str,
    described(
        "Returned unchanged. Bind it to the browser, and compare it in the response.",
        fakes.STATE,
    ),
]


class RequestParameters(TypedDict, total=False):
    """What an authorization request has, pushed or not."""

    client_id: Required[Annotated[str, described("The app's id.", fakes.CLIENT_ID)]]
    response_type: Required[
        Annotated[
            ResponseType,
            described(
                "The response type. Use `code`; types that return tokens directly are only for apps"
                " that the operator has registered for it.",
                "code",
            ),
        ]
    ]
    redirect_uri: Annotated[
        str,
        described(
            "Where the response goes: exactly as registered; only the port of a loopback IP may"
            " differ. Optional when exactly one is registered, but not with `openid`.",
            fakes.REDIRECT_URI,
        ),
    ]
    scope: Annotated[
        str,
        described(
            "Space-separated scopes; the default is `basic`. A scope that the app is"
            " not registered for is not granted.",
            fakes.SCOPES,
        ),
    ]
    resource: RequestedResource
    state: State
    code_challenge: Annotated[
        str,
        described(
            "PKCE: the SHA-256 of `code_verifier` in base64url without padding. Public and strict"
            " apps must send it; all should.",
            fakes.CHALLENGE,
            pattern="^[A-Za-z0-9_-]{43}$",
        ),
    ]
    code_challenge_method: Annotated[
        Literal["S256"], described("The method of `code_challenge`. `plain` is refused.", "S256")
    ]
    nonce: Annotated[
        str,
        described(
            "Returned in the ID token. Required when the authorization response has an ID token.",
            fakes.NONCE,
        ),
    ]
    response_mode: Annotated[
        Literal[
            "query",
            "fragment",
            "form_post",
            "query.jwt",
            "fragment.jwt",
            "form_post.jwt",
            "jwt",
        ],
        described(
            "How the response is sent. The default is the query, and the fragment for tokens."
            " With `jwt`"
            " as one signed document (JARM).",
            "query",
        ),
    ]
    prompt: Annotated[
        str,
        described(
            "`none` shows no page, and returns an error when one is needed; `login`,"
            " `consent` and `select_account`, space-separated, require one.",
            "consent",
        ),
    ]
    max_age: Annotated[
        int,
        described("Seconds. An older sign-in is not accepted.", 3600, ge=0, le=999_999_999),
    ]
    login_hint: Annotated[
        str, described("Fills in the address on the sign-in page.", "ann@example.org")
    ]
    id_token_hint: Annotated[
        str,
        described("An ID token of this server: only its person may authorize.", fakes.ID_TOKEN),
    ]
    acr_values: Annotated[
        str,
        described(
            "The requested strength of the sign-in, best first; the ID token has `acr`.", "2"
        ),
    ]
    claims: Annotated[
        str,
        described(
            "Individual claims, as JSON (OpenID Connect Core 5.5). Claims that no registered"
            " scope of the app includes are left out.",
            '{"userinfo":{"email":{"essential":true}}}',
        ),
    ]
    request: Annotated[
        str,
        described(
            "All of these parameters in one JWT, signed by the app (RFC 9101).", fakes.ID_TOKEN
        ),
    ]
    authorization_details: RequestedDetails
    dpop_jkt: Annotated[
        str,
        described(
            "The SHA-256 thumbprint (RFC 7638) of the app's DPoP key: only its holder can redeem"
            " the code (RFC 9449 §10).",
            fakes.CHALLENGE,
            pattern="^[A-Za-z0-9_-]{43}$",
        ),
    ]
    grant_management_action: Annotated[
        Literal["create", "merge", "replace"],
        described("What the request does with a grant that the app manages.", "create"),
    ]
    grant_id: Annotated[
        str, described("The grant that `merge` adds to and `replace` replaces.", fakes.GRANT_ID)
    ]
    display: Annotated[
        str, described("Accepted; there is one kind of page, for all sizes.", "page")
    ]
    ui_locales: Annotated[
        str,
        described(
            "The languages of the pages, in order of preference; unknown ones are ignored.", "de en"
        ),
    ]
    claims_locales: Annotated[str, described("Accepted; claims have no translations.", "en")]
