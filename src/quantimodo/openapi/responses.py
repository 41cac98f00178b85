"""The responses of the endpoints, as types.

The endpoints write plain dictionaries; tests/openapi compares their real responses with these
types, so that neither says what the other does not.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, NotRequired, Required, TypedDict

from quantimodo.openapi import fakes
from quantimodo.openapi.operation import JSON, Content, Response, said
from quantimodo.protocol.consent_details import TYPE

SLEEP_DETAILS: Final = [{"type": TYPE, "actions": ["read"], "categories": ["Sleep"], "days": 90}]


class AuthorizationDetail(TypedDict, total=False):
    """Health data that an app may use (RFC 9396). All members hold together; without `categories`,
    `variables`, `since` and `days` it is all of it."""

    type: Required[Annotated[Literal["health_measurements"], said("Always this type.", TYPE)]]
    actions: Required[
        Annotated[list[Literal["read", "write"]], said("What the app may do.", ["read"])]
    ]
    categories: Annotated[list[str], said("Names of variable categories.", ["Sleep"])]
    variables: Annotated[list[str], said("Names of variables.", ["Sleep Quality"])]
    since: Annotated[str, said("The earliest start time, in UTC.", "2026-01-31T00:00:00Z")]
    days: Annotated[int, said("The length of a window that ends now, in days.", 90, ge=1)]


class CurrentConsent(TypedDict):
    """What the person of a token allows its app."""

    clientId: Annotated[str, said("The app.", fakes.CLIENT_ID)]
    clientName: Annotated[str, said("Its name.", "Mood Tracker")]
    scope: Annotated[str, said("Space-separated scopes of this token.", "readmeasurements")]
    authorizationDetails: Annotated[
        list[AuthorizationDetail] | None,
        said(
            "The health data that this token opens. Null: all that its scope opens.", SLEEP_DETAILS
        ),
    ]
    allowedSince: Annotated[str, said("When the person first allowed it.", "2026-11-23T12:00:00Z")]
    updatedAt: Annotated[str, said("When that last changed.", "2026-11-23T12:00:00Z")]
    expiresAt: Annotated[
        str | None,
        said("When access ends. Null: when the person takes it back.", "2027-02-21T12:00:00Z"),
    ]


class ProtocolError(TypedDict):
    """Why a request was refused (RFC 6749 §5.2, RFC 6750 §3)."""

    error: Annotated[str, said("A code for programs.", "invalid_grant")]
    error_description: Annotated[
        str,
        said(
            "A text for the developer. It never repeats what was sent.",
            "the code was used before",
        ),
    ]


class TokenAnswer(TypedDict, total=False):
    """The tokens (RFC 6749 §5.1)."""

    access_token: Required[
        Annotated[
            str,
            said(
                "An access token for the API. Opaque, `qma_…`; or, for apps registered for it, a"
                " JWT"
                " (RFC 9068).",
                fakes.ACCESS_TOKEN,
            ),
        ]
    ]
    token_type: Required[
        Annotated[
            Literal["Bearer", "DPoP"],
            said("`DPoP` when the request has a DPoP proof (RFC 9449 §5).", "Bearer"),
        ]
    ]
    expires_in: Required[
        Annotated[int, said("Seconds that the access token has left.", 3600, ge=0)]
    ]
    scope: Required[Annotated[str, said("Space-separated granted scopes.", "basic")]]
    refresh_token: Annotated[
        str,
        said("Single-use refresh token. Not with `client_credentials`.", fakes.REFRESH_TOKEN),
    ]
    refresh_token_expires_in: Annotated[
        int, said("Seconds until the refresh token expires, if it is not used.", 2_592_000, ge=0)
    ]
    authorization_expires_in: Annotated[
        int,
        said(
            "Seconds until the authorization ends, however often tokens are refreshed."
            " Not with `client_credentials`.",
            15_552_000,
            ge=0,
        ),
    ]
    id_token: Annotated[
        str,
        said("A signed JWT about the sign-in. Only with scope `openid`.", fakes.ID_TOKEN),
    ]

    authorization_details: Annotated[
        list[AuthorizationDetail],
        said(
            "The health data that the scope opens. Missing when it opens all (RFC 9396).",
            SLEEP_DETAILS,
        ),
    ]


class PushedRequestResponse(TypedDict):
    """Where a pushed request is found (RFC 9126 §2.2)."""

    request_uri: Annotated[
        str, said("Goes to the authorization endpoint, with `client_id`.", fakes.REQUEST_URI)
    ]
    expires_in: Annotated[int, said("How long it can be used, in seconds.", 90)]


class Revocation(TypedDict):
    """An empty object (RFC 7009 §2.2)."""


class Introspection(TypedDict, total=False):
    """What a token stands for (RFC 7662 §2.2). A dead or foreign token is `active: false`, and
    nothing more is said."""

    active: Required[Annotated[bool, said("Whether the token works now.", True)]]
    scope: Annotated[str, said("Space-separated scopes.", "basic")]
    client_id: Annotated[str, said("The app that it was issued to.", fakes.CLIENT_ID)]
    token_type: Annotated[Literal["Bearer", "DPoP"], said("For access tokens only.", "Bearer")]
    exp: Annotated[int, said("When it expires, in seconds since 1970.", 1_795_435_200)]
    iat: Annotated[int, said("When it was made, in seconds since 1970.", 1_795_431_600)]
    sub: Annotated[str, said("The person; the app's id for `client_credentials`.", fakes.SUBJECT)]
    aud: Annotated[str, said("The intended resource. Only of an access token.", fakes.AUDIENCE)]
    iss: Annotated[str, said("This server.", fakes.ISSUER)]
    jti: Annotated[str, said("The id of a JWT access token.", "fake-token-id")]
    cnf: Annotated[
        dict[str, str],
        said(
            "The key or certificate to which the token is bound: `jkt` (RFC 9449 §6.2) or"
            " `x5t#S256` (RFC 8705 §3.2).",
            {"jkt": fakes.CHALLENGE},
        ),
    ]
    authorization_details: Annotated[
        list[AuthorizationDetail],
        said(
            "The health data that the scope opens. Missing when it opens all (RFC 9396).",
            SLEEP_DETAILS,
        ),
    ]


_PROFILE = Annotated[str, said("With scope `profile`, if the person gave it.", "Ann")]


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
        Annotated[str, said("The person's number: stable, and never reused.", fakes.SUBJECT)]
    ]
    name: Annotated[str, said("With scope `profile`.", "Ann Example")]
    updated_at: Annotated[
        int,
        said(
            "With scope `profile`: when the profile last changed, in seconds since 1970.",
            1_795_431_600,
        ),
    ]
    email: Annotated[str, said("With scope `email`, once it is verified.", "ann@example.org")]
    email_verified: Annotated[
        bool, said("With scope `email`: whether there is a verified address.", True)
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
    address: Annotated[PostalAddress, said("With scope `address`.", {"country": "Nowhere"})]
    phone_number: Annotated[str, said("With scope `phone`.", "+10000000000")]
    phone_number_verified: Annotated[bool, said("With scope `phone`.", False)]


class SignedInUser(TypedDict):
    """The person, in the format of the v1 API."""

    id: Annotated[int | None, said("The person's number in the API. Null for a pairwise app.", 42)]
    displayName: Annotated[str, said("The name that applications show.", "Ann Example")]
    loginName: Annotated[
        str | None,
        said(
            "The verified e-mail address, otherwise the subject. Null for a pairwise app.",
            "ann@example.org",
        ),
    ]
    email: Annotated[str | None, said("Null until it is verified.", "ann@example.org")]
    emailVerified: Annotated[bool, said("Whether there is a verified address.", True)]
    sub: NotRequired[Annotated[str, said("The person, for a pairwise app.", fakes.SUBJECT)]]


class Person(SignedInUser):
    """The person of the token, in the format of the v1 API."""

    administrator: Annotated[bool, said("Whether they operate this server.", False)]


class Interaction(TypedDict, total=False):
    code: Required[Annotated[str, said("A code for programs.", "login_required")]]
    message: Required[
        Annotated[
            str,
            said(
                "A text for people.",
                "No person is signed in. Open interactionUrl in a browser to go on.",
            ),
        ]
    ]
    interactionUrl: Annotated[
        str,
        said(
            "The same request, to open in a browser.",
            f"{fakes.ISSUER}/api/v2/oauth/authorize?client_id={fakes.CLIENT_ID}",
        ),
    ]


class AuthorizationData(TypedDict, total=False):
    """The parameters of the response, as in a redirect."""

    code: Annotated[str, said("Single-use authorization code, valid for a minute.", fakes.CODE)]
    access_token: Annotated[str, said("With `response_type=token`.", fakes.ACCESS_TOKEN)]
    token_type: Annotated[Literal["Bearer"], said("Always `Bearer`.", "Bearer")]
    expires_in: Annotated[int, said("Seconds that the access token has left.", 3600, ge=0)]
    scope: Annotated[str, said("What was granted.", "basic")]
    id_token: Annotated[str, said("With `response_type=id_token`.", fakes.ID_TOKEN)]
    state: Annotated[str, said("As it was sent.", fakes.STATE)]
    iss: Required[Annotated[str, said("This server (RFC 9207).", fakes.ISSUER)]]
    redirectUri: Required[
        Annotated[
            str,
            said(
                "The address that a browser would be redirected to.",
                f"{fakes.REDIRECT_URI}?code={fakes.CODE}&state={fakes.STATE}",
            ),
        ]
    ]


class Authorization(TypedDict):
    """A response for a caller that is not a browser, and has a login JWT."""

    success: Annotated[Literal[True], said("Always true.", True)]
    data: AuthorizationData


class RefusedAuthorization(TypedDict):
    """An error for a caller that is not a browser: it accepts `application/json`, and no page."""

    success: Annotated[Literal[False], said("Always false.", False)]
    status: Annotated[Literal["error"], said("Always `error`.", "error")]
    message: Annotated[str, said("The same as `error.message`.", "No person is signed in.")]
    error: Interaction


class Health(TypedDict):
    """The health of the server."""

    status: Annotated[Literal["ok"], said("Always `ok`.", "ok")]


def refused(description: str, texts: Mapping[str, str], *headers: str) -> Response:
    """An error as JSON. `texts`: for each code, a text that the endpoint returns."""
    examples = {code: {"error": code, "error_description": text} for code, text in texts.items()}
    return Response(description, (Content(JSON, ProtocolError, examples),), headers)
