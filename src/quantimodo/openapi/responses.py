"""The responses of the endpoints, as types.

The endpoints write plain dictionaries; tests/openapi compares their real responses with these
types, so that neither says what the other does not.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, NotRequired, Required, TypedDict

from quantimodo.openapi import fakes
from quantimodo.openapi.operation import JSON, Content, Response, described
from quantimodo.protocol.consent_details import TYPE
from quantimodo.protocol.vocabulary import ACCESS_TOKEN_URN

SLEEP_DETAILS: Final = [{"type": TYPE, "actions": ["read"], "categories": ["Sleep"], "days": 90}]


class AuthorizationDetail(TypedDict, total=False):
    """Health data that an app may use (RFC 9396). All members hold together; without `categories`,
    `variables`, `since` and `days` it is all of it."""

    type: Required[Annotated[Literal["health_measurements"], described("Always this type.", TYPE)]]
    actions: Required[
        Annotated[list[Literal["read", "write"]], described("What the app may do.", ["read"])]
    ]
    categories: Annotated[list[str], described("Names of variable categories.", ["Sleep"])]
    variables: Annotated[list[str], described("Names of variables.", ["Sleep Quality"])]
    since: Annotated[str, described("The earliest start time, in UTC.", "2026-01-31T00:00:00Z")]
    days: Annotated[int, described("The length of a window that ends now, in days.", 90, ge=1)]


class CurrentConsent(TypedDict):
    """What the person of a token allows its app."""

    clientId: Annotated[str, described("The app.", fakes.CLIENT_ID)]
    clientName: Annotated[str, described("Its name.", "Mood Tracker")]
    scope: Annotated[str, described("Space-separated scopes of this token.", "readmeasurements")]
    authorizationDetails: Annotated[
        list[AuthorizationDetail] | None,
        described(
            "The health data that this token opens. Null: all that its scope opens.", SLEEP_DETAILS
        ),
    ]
    allowedSince: Annotated[
        str, described("When the person first allowed it.", "2026-11-23T12:00:00Z")
    ]
    updatedAt: Annotated[str, described("When that last changed.", "2026-11-23T12:00:00Z")]
    expiresAt: Annotated[
        str | None,
        described("When access ends. Null: when the person takes it back.", "2027-02-21T12:00:00Z"),
    ]


IncidentNumber = Annotated[
    str,
    described(
        "With a status of 500 or more: the number by which the operator finds it in the log.",
        fakes.INCIDENT,
    ),
]


class ProtocolError(TypedDict, total=False):
    """Why a request was refused (RFC 6749 §5.2, RFC 6750 §3)."""

    error: Required[Annotated[str, described("A code for programs.", "invalid_grant")]]
    error_description: Required[
        Annotated[
            str,
            described(
                "A text for the developer. It never repeats what was sent.",
                "the code was used before",
            ),
        ]
    ]
    error_uri: Annotated[
        str,
        described(
            "The guide about this refusal, with its stable code after `#`; of OAuth endpoints.",
            "https://id.example.org/guides/developer/errors/#code_used",
        ),
    ]
    incident: IncidentNumber


class TokenAnswer(TypedDict, total=False):
    """The tokens (RFC 6749 §5.1)."""

    access_token: Required[
        Annotated[
            str,
            described(
                "An access token for the API. Opaque, `qma_…`; or, for apps registered for it, a"
                " JWT"
                " (RFC 9068).",
                fakes.ACCESS_TOKEN,
            ),
        ]
    ]
    issued_token_type: Annotated[
        Literal["urn:ietf:params:oauth:token-type:access_token"],
        described("With token exchange only (RFC 8693 §2.2.1).", ACCESS_TOKEN_URN),
    ]
    token_type: Required[
        Annotated[
            Literal["Bearer", "DPoP"],
            described("`DPoP` when the request has a DPoP proof (RFC 9449 §5).", "Bearer"),
        ]
    ]
    expires_in: Required[
        Annotated[int, described("Seconds that the access token has left.", 3600, ge=0)]
    ]
    scope: Required[Annotated[str, described("Space-separated granted scopes.", "basic")]]
    refresh_token: Annotated[
        str,
        described("Single-use refresh token. Not with `client_credentials`.", fakes.REFRESH_TOKEN),
    ]
    refresh_token_expires_in: Annotated[
        int,
        described("Seconds until the refresh token expires, if it is not used.", 2_592_000, ge=0),
    ]
    refresh_token_timeout: Annotated[
        int, described("The same; Refresh Token Expiration §6.1 has this name.", 2_592_000, ge=0)
    ]
    authorization_expires_in: Annotated[
        int,
        described("Seconds until the authorization ends; no refresh extends it.", 15_552_000, ge=0),
    ]
    id_token: Annotated[
        str,
        described("A signed JWT about the sign-in. Only with scope `openid`.", fakes.ID_TOKEN),
    ]
    grant_id: Annotated[
        str,
        described("The grant, if the request had `grant_management_action`.", fakes.GRANT_ID),
    ]

    authorization_details: Annotated[
        list[AuthorizationDetail],
        described(
            "The health data that the scope opens. Missing when it opens all, unless the request"
            " had the parameter (RFC 9396).",
            SLEEP_DETAILS,
        ),
    ]


class PushedRequestResponse(TypedDict):
    """Where a pushed request is found (RFC 9126 §2.2)."""

    request_uri: Annotated[
        str, described("Goes to the authorization endpoint, with `client_id`.", fakes.REQUEST_URI)
    ]
    expires_in: Annotated[int, described("How long it can be used, in seconds.", 90)]


class DeviceAuthorizationResponse(TypedDict):
    """The codes of a device (RFC 8628 §3.2)."""

    device_code: Annotated[
        str,
        described("For the device only: it polls the token endpoint with it.", fakes.DEVICE_CODE),
    ]
    user_code: Annotated[
        str, described("What the person enters: eight consonants in two groups.", fakes.USER_CODE)
    ]
    verification_uri: Annotated[
        str, described("The page where the person enters it.", f"{fakes.ISSUER}/device")
    ]
    verification_uri_complete: Annotated[
        str,
        described(
            "The same with the code filled in, for a QR code. Show `user_code` beside it.",
            f"{fakes.ISSUER}/device?user_code={fakes.USER_CODE}",
        ),
    ]
    expires_in: Annotated[int, described("How long both codes are valid, in seconds.", 900)]
    interval: Annotated[int, described("The shortest time between two polls, in seconds.", 5)]


class Revocation(TypedDict):
    """An empty object (RFC 7009 §2.2)."""


class Introspection(TypedDict, total=False):
    """What a token stands for (RFC 7662 §2.2). An invalid or foreign token is `active: false`, and
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
    authorization_details: Annotated[
        list[AuthorizationDetail],
        described(
            "The health data that the scope opens. Missing when it opens all, unless the request"
            " had the parameter (RFC 9396).",
            SLEEP_DETAILS,
        ),
    ]


_PROFILE = Annotated[str, described("With scope `profile`, if the person gave it.", "Ann")]


class PostalAddress(TypedDict, total=False):
    """OpenID Connect Core §5.1.1."""

    formatted: str
    street_address: str
    locality: str
    region: str
    postal_code: str
    country: str


class UserInfo(TypedDict, total=False):
    """Claims about the person (OpenID Connect Core §5.3.2)."""

    sub: Required[
        Annotated[str, described("The person's number: stable, and never reused.", fakes.SUBJECT)]
    ]
    name: Annotated[str, described("With scope `profile`.", "Ann Example")]
    updated_at: Annotated[
        int,
        described(
            "With scope `profile`: when the profile last changed, in seconds since 1970.",
            1_795_431_600,
        ),
    ]
    email: Annotated[str, described("With scope `email`, once it is verified.", "ann@example.org")]
    email_verified: Annotated[
        bool, described("With scope `email`: whether there is a verified address.", True)
    ]
    given_name: _PROFILE
    family_name: _PROFILE
    middle_name: _PROFILE
    nickname: _PROFILE
    preferred_username: _PROFILE
    profile: _PROFILE
    picture: _PROFILE
    website: _PROFILE
    gender: _PROFILE
    birthdate: _PROFILE
    zoneinfo: _PROFILE
    locale: _PROFILE
    address: Annotated[PostalAddress, described("With scope `address`.", {"country": "Nowhere"})]
    phone_number: Annotated[str, described("With scope `phone`.", "+10000000000")]
    phone_number_verified: Annotated[bool, described("With scope `phone`.", False)]


class SignedInUser(TypedDict):
    """The person, in the format of the v1 API."""

    id: Annotated[
        int | None, described("The person's number in the API. Null for a pairwise app.", 42)
    ]
    displayName: Annotated[str, described("The name that applications show.", "Ann Example")]
    loginName: Annotated[
        str | None,
        described(
            "The verified e-mail address, otherwise the subject. Null for a pairwise app.",
            "ann@example.org",
        ),
    ]
    email: Annotated[str | None, described("Null until it is verified.", "ann@example.org")]
    emailVerified: Annotated[bool, described("Whether there is a verified address.", True)]
    sub: NotRequired[Annotated[str, described("The person, for a pairwise app.", fakes.SUBJECT)]]


class Person(SignedInUser):
    """The person of the token, in the format of the v1 API."""

    administrator: Annotated[bool, described("Whether they operate this server.", False)]


class Interaction(TypedDict, total=False):
    code: Required[Annotated[str, described("A code for programs.", "login_required")]]
    message: Required[
        Annotated[
            str,
            described(
                "A text for people.",
                "No person is signed in. Open interactionUrl in a browser to go on.",
            ),
        ]
    ]
    interactionUrl: Annotated[
        str,
        described(
            "The same request, to open in a browser.",
            f"{fakes.ISSUER}/api/v2/oauth/authorize?client_id={fakes.CLIENT_ID}",
        ),
    ]


class AuthorizationData(TypedDict, total=False):
    """The parameters of the response, as in a redirect."""

    code: Annotated[
        str, described("Single-use authorization code, valid for a minute.", fakes.CODE)
    ]
    access_token: Annotated[str, described("With `response_type=token`.", fakes.ACCESS_TOKEN)]
    token_type: Annotated[Literal["Bearer"], described("Always `Bearer`.", "Bearer")]
    expires_in: Annotated[int, described("Seconds that the access token has left.", 3600, ge=0)]
    scope: Annotated[str, described("What was granted.", "basic")]
    id_token: Annotated[str, described("With `response_type=id_token`.", fakes.ID_TOKEN)]
    state: Annotated[str, described("As it was sent.", fakes.STATE)]
    iss: Required[Annotated[str, described("This server (RFC 9207).", fakes.ISSUER)]]
    redirectUri: Required[
        Annotated[
            str,
            described(
                "The address that a browser would be redirected to.",
                f"{fakes.REDIRECT_URI}?code={fakes.CODE}&state={fakes.STATE}",
            ),
        ]
    ]


class Authorization(TypedDict):
    """A response for a caller that is not a browser, and has a login JWT."""

    success: Annotated[Literal[True], described("Always true.", True)]
    data: AuthorizationData


class RefusedAuthorization(TypedDict):
    """An error for a caller that is not a browser: it accepts `application/json`, and no page."""

    success: Annotated[Literal[False], described("Always false.", False)]
    status: Annotated[Literal["error"], described("Always `error`.", "error")]
    message: Annotated[str, described("The same as `error.message`.", "No person is signed in.")]
    error: Interaction
    incident: NotRequired[IncidentNumber]


class Health(TypedDict):
    """The health of the server."""

    status: Annotated[Literal["ok"], described("Always `ok`.", "ok")]


def refused(description: str, texts: Mapping[str, str], *headers: str, **more: str) -> Response:
    """An error as JSON. `texts`: for each code, a text that the endpoint returns; `more`: other
    members of the examples."""
    examples = {
        code: {"error": code, "error_description": text, **more} for code, text in texts.items()
    }
    return Response(description, (Content(JSON, ProtocolError, examples),), headers)
