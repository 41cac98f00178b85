"""What the endpoints are asked with, as types. Wire names are the RFCs'; the spellings of 2016
(protocol/parameters.py) are added to the descriptions when the document is made.

Only what the endpoints heed. Any other parameter is ignored, as RFC 6749 §3.1 asks.
"""

from typing import Annotated, Literal, Required, TypedDict

from quantimodo.openapi import fakes
from quantimodo.openapi.operation import said

ResponseType = Literal[
    "code",
    "none",
    "token",
    "id_token",
    "id_token token",
    "code id_token",
    "code token",
    "code id_token token",
]
GrantType = Literal["authorization_code", "refresh_token", "client_credentials"]
Prompt = Literal["none", "login", "consent", "select_account"]
ClientId = Annotated[str, said("The app's id. May be left out beside HTTP Basic.", fakes.CLIENT_ID)]
ClientSecret = Annotated[
    str,
    said(
        "The app's secret, unless it is sent by HTTP Basic. Public apps have none.",
        fakes.CLIENT_SECRET,
    ),
]
_SCOPES = "basic readmeasurements"


class AuthorizationRequest(TypedDict, total=False):
    """An authorization request (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1)."""

    client_id: Required[Annotated[str, said("The app's id.", fakes.CLIENT_ID)]]
    response_type: Required[
        Annotated[
            ResponseType,
            said(
                "What to bring back. Use `code`; what brings a token by itself is only for apps"
                " that the operator has registered for it.",
                "code",
            ),
        ]
    ]
    redirect_uri: Annotated[
        str,
        said(
            "Where the answer goes: exactly as registered; only the port of a loopback IP may"
            " differ. May be left out when just one is registered, but not with `openid`.",
            fakes.REDIRECT_URI,
        ),
    ]
    scope: Annotated[
        str,
        said(
            "What the app asks for, separated by spaces; `basic` when left out. What the app is"
            " not registered for is not granted.",
            _SCOPES,
        ),
    ]
    state: Annotated[
        str,
        said("Comes back as it was sent. Bind it to the browser, and compare.", fakes.STATE),
    ]
    code_challenge: Annotated[
        str,
        said(
            "PKCE: the SHA-256 of `code_verifier` in base64url without padding. Public and strict"
            " apps must send it; all should.",
            fakes.CHALLENGE,
            pattern="^[A-Za-z0-9_-]{43}$",
        ),
    ]
    code_challenge_method: Annotated[
        Literal["S256"], said("Goes with `code_challenge`. `plain` is refused.", "S256")
    ]
    nonce: Annotated[
        str,
        said(
            "Comes back inside the ID token. Needed when the answer itself brings an ID token.",
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
        said(
            "How the answer travels. By default in the query; tokens in the fragment. With `jwt`"
            " as one signed document (JARM).",
            "query",
        ),
    ]
    prompt: Annotated[
        str,
        said(
            "`none` shows no page, and answers with an error where one is needed; `login`,"
            " `consent` and `select_account`, separated by spaces, insist on one.",
            "consent",
        ),
    ]
    max_age: Annotated[
        int,
        said("Seconds. An older sign-in is not good enough.", 3600, ge=0, le=999_999_999),
    ]
    token: Annotated[
        str,
        said(
            "A login JWT of the social endpoints: who the person is, for this one authorization."
            " Better as `Authorization: Bearer`. It is moved out of the address at once.",
            fakes.LOGIN_TOKEN,
        ),
    ]
    login_hint: Annotated[str, said("Fills in the address on the sign-in page.", "ann@example.org")]
    id_token_hint: Annotated[
        str,
        said("An ID token of this server: only for the person whom it names.", fakes.ID_TOKEN),
    ]
    acr_values: Annotated[
        str, said("How strong a sign-in is wanted, the best first; the ID token tells `acr`.", "2")
    ]
    claims: Annotated[
        str,
        said(
            "Single claims, as JSON (OpenID Connect Core 5.5). Those that no registered scope of"
            " the app opens are left out.",
            '{"userinfo":{"email":{"essential":true}}}',
        ),
    ]
    request: Annotated[
        str,
        said("All of these parameters in one JWT, signed by the app (RFC 9101).", fakes.ID_TOKEN),
    ]
    request_uri: Annotated[
        str,
        said(
            "Where that JWT is: an address that the app has registered.",
            "https://app.example.org/request.jwt",
        ),
    ]
    display: Annotated[str, said("Accepted; there is one kind of page, for all sizes.", "page")]
    ui_locales: Annotated[str, said("Accepted; the pages are in English.", "en")]
    claims_locales: Annotated[str, said("Accepted; claims are told as they were given.", "en")]
    client_secret: Annotated[
        str,
        said(
            "Leave it out. Clients of 2016 send it; a wrong one is refused.",
            fakes.CLIENT_SECRET,
            extra_json_schema={"deprecated": True},
        ),
    ]


ClientAssertionType = Annotated[
    Literal["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"],
    said("Goes with `client_assertion`.", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
]
ClientAssertion = Annotated[
    str,
    said(
        "The app's own signed statement, for `private_key_jwt` and `client_secret_jwt`"
        " (RFC 7523): `iss` and `sub` are its id, `aud` this server, `jti` used once.",
        fakes.ID_TOKEN,
    ),
]


class TokenRequest(TypedDict, total=False):
    """A token request (RFC 6749 §4.1.3, §4.4.2, §6)."""

    grant_type: Required[
        Annotated[GrantType, said("What is traded for tokens.", "authorization_code")]
    ]
    code: Annotated[
        str,
        said(
            "For `authorization_code`: the code, once, within its minute. For `refresh_token`,"
            " clients of 2016 send the refresh token here.",
            fakes.CODE,
        ),
    ]
    redirect_uri: Annotated[
        str,
        said(
            "For `authorization_code`: that of the authorization request, if it named one.",
            fakes.REDIRECT_URI,
        ),
    ]
    code_verifier: Annotated[
        str,
        said(
            "For `authorization_code`: what `code_challenge` was made of.",
            fakes.VERIFIER,
            pattern="^[A-Za-z0-9._~-]{43,128}$",
        ),
    ]
    refresh_token: Annotated[
        str,
        said(
            "For `refresh_token`: the newest one. It is spent; the answer brings its heir.",
            fakes.REFRESH_TOKEN,
        ),
    ]
    scope: Annotated[
        str,
        said(
            "For `refresh_token`: a part of what was granted. For `client_credentials`: a part of"
            " what the app is registered for.",
            _SCOPES,
        ),
    ]
    client_id: ClientId
    client_secret: ClientSecret
    client_assertion_type: ClientAssertionType
    client_assertion: ClientAssertion


class RevocationRequest(TypedDict, total=False):
    """A revocation request (RFC 7009 §2.1)."""

    token: Required[Annotated[str, said("An access or refresh token.", fakes.REFRESH_TOKEN)]]
    token_type_hint: Annotated[
        str, said("Accepted, and not needed: a token tells its own kind.", "refresh_token")
    ]
    client_id: ClientId
    client_secret: ClientSecret
    client_assertion_type: ClientAssertionType
    client_assertion: ClientAssertion


class IntrospectionRequest(TypedDict, total=False):
    """An introspection request (RFC 7662 §2.1)."""

    token: Required[Annotated[str, said("An access or refresh token.", fakes.ACCESS_TOKEN)]]
    token_type_hint: Annotated[
        str, said("Accepted, and not needed: a token tells its own kind.", "access_token")
    ]
    client_id: ClientId
    client_secret: ClientSecret
    client_assertion_type: ClientAssertionType
    client_assertion: ClientAssertion


class TokenInBody(TypedDict, total=False):
    """An access token in a form body (RFC 6750 §2.2)."""

    access_token: Annotated[
        str,
        said("The access token, unless it is in the `Authorization` header.", fakes.ACCESS_TOKEN),
    ]
