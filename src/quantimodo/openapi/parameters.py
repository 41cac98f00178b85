"""The parameters of the endpoints, as types. Wire names are the RFCs'; the spellings of 2016
(protocol/parameters.py) are added to the descriptions when the document is made.

Only the recognised parameters. Any other parameter is ignored (RFC 6749 §3.1).
"""

from typing import Annotated, Literal, Required, TypedDict

from quantimodo.openapi import fakes
from quantimodo.openapi.operation import described
from quantimodo.protocol.grant_types import GRANT_TYPES
from quantimodo.protocol.vocabulary import ACCESS_TOKEN_URN, ResponseType

ClientId = Annotated[
    str, described("The app's id. May be left out beside HTTP Basic.", fakes.CLIENT_ID)
]
ClientSecret = Annotated[
    str,
    described(
        "The app's secret, unless it is sent by HTTP Basic. Public apps have none.",
        fakes.CLIENT_SECRET,
    ),
]
_SCOPES = "basic readmeasurements"
_DETAILS = '[{"type":"health_measurements","actions":["read"],"categories":["Sleep"],"days":90}]'


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
            _SCOPES,
        ),
    ]
    resource: Annotated[
        str,
        described(
            "The identifier of the API that the tokens are for (RFC 8707). Repeat the parameter for"
            " several. Without it, the API of this server.",
            fakes.AUDIENCE,
        ),
    ]
    state: Annotated[
        str,
        described("Returned unchanged. Bind it to the browser, and compare.", fakes.STATE),
    ]
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
        Literal["S256"], described("Goes with `code_challenge`. `plain` is refused.", "S256")
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
            "Single claims, as JSON (OpenID Connect Core 5.5). Those that no registered scope of"
            " the app opens are left out.",
            '{"userinfo":{"email":{"essential":true}}}',
        ),
    ]
    request: Annotated[
        str,
        described(
            "All of these parameters in one JWT, signed by the app (RFC 9101).", fakes.ID_TOKEN
        ),
    ]
    authorization_details: Annotated[
        str,
        described(
            "The health data that the app needs, as JSON (RFC 9396). Without it: all that the scope"
            " opens.",
            _DETAILS,
        ),
    ]
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


class AuthorizationRequest(RequestParameters, total=False):
    """An authorization request (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1)."""

    token: Annotated[
        str,
        described(
            "A login JWT of the social endpoints: identifies the person, for one authorization."
            " Better as `Authorization: Bearer`. It is moved out of the address at once.",
            fakes.LOGIN_TOKEN,
        ),
    ]
    request_uri: Annotated[
        str,
        described(
            "The `request_uri` of a pushed request (RFC 9126), which then needs only `client_id`"
            " beside it; or the registered address of that JWT.",
            "https://app.example.org/request.jwt",
        ),
    ]
    client_secret: Annotated[
        str,
        described(
            "Leave it out. Clients of 2016 send it; a wrong one is refused.",
            fakes.CLIENT_SECRET,
            extra_json_schema={"deprecated": True},
        ),
    ]


ClientAssertionType = Annotated[
    Literal["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"],
    described(
        "Goes with `client_assertion`.", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    ),
]
ClientAssertion = Annotated[
    str,
    described(
        "The client assertion, for `private_key_jwt` and `client_secret_jwt`"
        " (RFC 7523): `iss` and `sub` are its id, `aud` this server, `jti` used once.",
        fakes.ID_TOKEN,
    ),
]


class PushedRequest(RequestParameters, total=False):
    """An authorization request that the app pushes (RFC 9126 §2.1), with its authentication."""

    client_secret: ClientSecret
    client_assertion_type: ClientAssertionType
    client_assertion: ClientAssertion


class DeviceAuthorizationRequest(TypedDict, total=False):
    """A device authorization request (RFC 8628 §3.1)."""

    scope: Annotated[
        str,
        described("Space-separated scopes; the default is `basic`.", _SCOPES),
    ]
    resource: Annotated[
        str,
        described(
            "The identifier of the API that the tokens are for (RFC 8707). Repeat the parameter for"
            " several. Without it, the API of this server.",
            fakes.AUDIENCE,
        ),
    ]
    authorization_details: Annotated[
        str,
        described(
            "The health data that the app needs, as JSON (RFC 9396). Without it: all that the scope"
            " opens.",
            _DETAILS,
        ),
    ]
    client_id: ClientId
    client_secret: ClientSecret
    client_assertion_type: ClientAssertionType
    client_assertion: ClientAssertion


class TokenRequest(TypedDict, total=False):
    """A token request (RFC 6749 §4.1.3, §4.4.2, §6; RFC 8628 §3.4)."""

    grant_type: Required[
        Annotated[
            str,
            described(
                "The kind of credential that is exchanged for tokens.",
                "authorization_code",
                extra_json_schema={"enum": sorted(GRANT_TYPES)},
            ),
        ]
    ]
    code: Annotated[
        str,
        described(
            "For `authorization_code`: the code, once, within its minute. For `refresh_token`,"
            " clients of 2016 send the refresh token here.",
            fakes.CODE,
        ),
    ]
    redirect_uri: Annotated[
        str,
        described(
            "For `authorization_code`: that of the authorization request, if it has one.",
            fakes.REDIRECT_URI,
        ),
    ]
    code_verifier: Annotated[
        str,
        described(
            "For `authorization_code`: the verifier of `code_challenge`.",
            fakes.VERIFIER,
            pattern="^[A-Za-z0-9._~-]{43,128}$",
        ),
    ]
    device_code: Annotated[
        str,
        described("For the device grant: the code of the device, once.", fakes.DEVICE_CODE),
    ]
    refresh_token: Annotated[
        str,
        described(
            "For `refresh_token`: the newest one. It is used up; the response has its successor.",
            fakes.REFRESH_TOKEN,
        ),
    ]
    scope: Annotated[
        str,
        described(
            "For `refresh_token`: a subset of the granted scopes. For `client_credentials`: a"
            " part of"
            " what the app is registered for.",
            _SCOPES,
        ),
    ]
    resource: Annotated[
        str,
        described(
            "The API that the access token is for: one of those that were granted (RFC 8707).",
            fakes.AUDIENCE,
        ),
    ]
    audience: Annotated[
        str, described("For token exchange: the same as `resource`.", "https://tasks.example.org/")
    ]
    subject_token: Annotated[
        str,
        described(
            "For token exchange (RFC 8693): an access token of the app, or one for an API of the"
            " app.",
            fakes.ACCESS_TOKEN,
        ),
    ]
    subject_token_type: Annotated[
        Literal["urn:ietf:params:oauth:token-type:access_token"],
        described("Goes with `subject_token`.", ACCESS_TOKEN_URN),
    ]
    actor_token: Annotated[
        str,
        described(
            "For token exchange: an access token of the client that acts (`client_credentials`),"
            " for an API of the app. By default the app itself acts.",
            fakes.ACCESS_TOKEN,
        ),
    ]
    actor_token_type: Annotated[
        Literal[
            "urn:ietf:params:oauth:token-type:access_token",
            "urn:ietf:params:oauth:token-type:jwt",
        ],
        described("Goes with `actor_token`.", ACCESS_TOKEN_URN),
    ]
    requested_token_type: Annotated[
        Literal["urn:ietf:params:oauth:token-type:access_token"],
        described("For token exchange: the default.", ACCESS_TOKEN_URN),
    ]
    authorization_details: Annotated[
        str,
        described(
            "For `authorization_code` and `refresh_token`: a part of the granted health data, as"
            " JSON (RFC 9396 §6). The access token is restricted to it; the refresh token is not.",
            _DETAILS,
        ),
    ]
    client_id: ClientId
    client_secret: ClientSecret
    client_assertion_type: ClientAssertionType
    client_assertion: ClientAssertion


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


class TokenInBody(TypedDict, total=False):
    """An access token in a form body (RFC 6750 §2.2)."""

    access_token: Annotated[
        str,
        described(
            "The access token, unless it is in the `Authorization` header.", fakes.ACCESS_TOKEN
        ),
    ]
