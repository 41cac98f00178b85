"""What the endpoints are asked with, as types. Wire names are the RFCs'; the spellings of 2016
(protocol/parameters.py) are added to the descriptions when the document is made.

Only what the endpoints heed. Any other parameter is ignored, as RFC 6749 §3.1 asks.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from quantimodo.app.openapi import fakes

ClientId = Annotated[
    str,
    Meta(
        description="The app's id. May be left out beside HTTP Basic.", examples=[fakes.CLIENT_ID]
    ),
]
ClientSecret = Annotated[
    str,
    Meta(
        description="The app's secret, unless it is sent by HTTP Basic. Public apps have none.",
        examples=[fakes.CLIENT_SECRET],
    ),
]
Scope = Annotated[str, Meta(examples=["basic readmeasurements"])]


class AuthorizationRequest(Struct, kw_only=True):
    """An authorization request (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1)."""

    client_id: Annotated[str, Meta(description="The app's id.", examples=[fakes.CLIENT_ID])]
    response_type: Annotated[
        Literal[
            "code",
            "none",
            "token",
            "id_token",
            "id_token token",
            "code id_token",
            "code token",
            "code id_token token",
        ],
        Meta(
            description="What to bring back. Use `code`; whatever brings a token by itself is only"
            " for apps that the operator has registered for it.",
            examples=["code"],
        ),
    ]
    redirect_uri: (
        Annotated[
            str,
            Meta(
                description="Where the answer goes: exactly as registered; only the port of a"
                " loopback address may differ. May be left out when just one is registered.",
                examples=[fakes.REDIRECT_URI],
            ),
        ]
        | UnsetType
    ) = UNSET
    scope: (
        Annotated[
            Scope,
            Meta(
                description="What the app asks for, separated by spaces; `basic` when left out."
                " What the app is not registered for is left out of the grant."
            ),
        ]
        | UnsetType
    ) = UNSET
    state: (
        Annotated[
            str,
            Meta(
                description="Comes back as it was sent. Bind it to the browser, and compare.",
                examples=[fakes.STATE],
            ),
        ]
        | UnsetType
    ) = UNSET
    code_challenge: (
        Annotated[
            str,
            Meta(
                pattern="^[A-Za-z0-9_-]{43}$",
                description="PKCE: BASE64URL(SHA-256(`code_verifier`)). Public and strict apps"
                " must send it; all should.",
                examples=[fakes.CHALLENGE],
            ),
        ]
        | UnsetType
    ) = UNSET
    code_challenge_method: (
        Annotated[
            Literal["S256"],
            Meta(description="Goes with `code_challenge`. `plain` is refused.", examples=["S256"]),
        ]
        | UnsetType
    ) = UNSET
    nonce: (
        Annotated[
            str,
            Meta(
                description="Comes back inside the ID token. Needed when the answer itself brings"
                " an ID token.",
                examples=[fakes.NONCE],
            ),
        ]
        | UnsetType
    ) = UNSET
    response_mode: (
        Annotated[
            Literal["query", "fragment", "form_post"],
            Meta(
                description="How the answer travels; by default in the query, with tokens in the"
                " fragment.",
                examples=["query"],
            ),
        ]
        | UnsetType
    ) = UNSET
    prompt: (
        Annotated[
            str,
            Meta(
                description="`none` shows no page and answers with an error where one is needed;"
                " `login`, `consent` and `select_account` insist on one.",
                examples=["consent"],
            ),
        ]
        | UnsetType
    ) = UNSET
    max_age: (
        Annotated[
            int,
            Meta(
                ge=0,
                le=999_999_999,
                description="Seconds: an older sign-in is not good enough.",
                examples=[3600],
            ),
        ]
        | UnsetType
    ) = UNSET
    login_hint: (
        Annotated[
            str,
            Meta(
                description="Fills in the address on the sign-in page.",
                examples=["ann@example.org"],
            ),
        ]
        | UnsetType
    ) = UNSET
    client_secret: (
        Annotated[
            str,
            Meta(
                description="Leave it out. Clients of 2016 send it; a wrong one is refused.",
                examples=[fakes.CLIENT_SECRET],
                extra_json_schema={"deprecated": True},
            ),
        ]
        | UnsetType
    ) = UNSET


class TokenRequest(Struct, kw_only=True):
    """A token request (RFC 6749 §4.1.3, §4.4.2, §6)."""

    grant_type: Annotated[
        Literal["authorization_code", "refresh_token", "client_credentials"],
        Meta(description="What is traded for tokens.", examples=["authorization_code"]),
    ]
    code: (
        Annotated[
            str,
            Meta(
                description="`authorization_code`: the code, within its minute, once. With"
                " `refresh_token`, clients of 2016 send the refresh token here.",
                examples=[fakes.CODE],
            ),
        ]
        | UnsetType
    ) = UNSET
    redirect_uri: (
        Annotated[
            str,
            Meta(
                description="`authorization_code`: the one of the authorization request, if it"
                " named one.",
                examples=[fakes.REDIRECT_URI],
            ),
        ]
        | UnsetType
    ) = UNSET
    code_verifier: (
        Annotated[
            str,
            Meta(
                pattern="^[A-Za-z0-9._~-]{43,128}$",
                description="`authorization_code`: what the `code_challenge` was made of.",
                examples=[fakes.VERIFIER],
            ),
        ]
        | UnsetType
    ) = UNSET
    refresh_token: (
        Annotated[
            str,
            Meta(
                description="`refresh_token`: the newest one. It is spent, and the answer brings"
                " its heir.",
                examples=[fakes.REFRESH_TOKEN],
            ),
        ]
        | UnsetType
    ) = UNSET
    scope: (
        Annotated[
            Scope,
            Meta(
                description="`refresh_token`: a part of what was granted.`client_credentials`: a"
                " part of what the app is registered for."
            ),
        ]
        | UnsetType
    ) = UNSET
    client_id: ClientId | UnsetType = UNSET
    client_secret: ClientSecret | UnsetType = UNSET


class TokenToEnd(Struct, kw_only=True):
    """A revocation request (RFC 7009 §2.1)."""

    token: Annotated[
        str,
        Meta(description="An access or refresh token.", examples=[fakes.REFRESH_TOKEN]),
    ]
    token_type_hint: (
        Annotated[
            str,
            Meta(
                description="Accepted, and not needed: a token tells its own kind.",
                examples=["refresh_token"],
            ),
        ]
        | UnsetType
    ) = UNSET
    client_id: ClientId | UnsetType = UNSET
    client_secret: ClientSecret | UnsetType = UNSET


class TokenInQuestion(TokenToEnd, kw_only=True):
    """An introspection request (RFC 7662 §2.1)."""


class TokenInBody(Struct, kw_only=True):
    """An access token in a form body (RFC 6750 §2.2)."""

    access_token: (
        Annotated[
            str,
            Meta(
                description="The access token, unless it is in the `Authorization` header.",
                examples=[fakes.ACCESS_TOKEN],
            ),
        ]
        | UnsetType
    ) = UNSET
