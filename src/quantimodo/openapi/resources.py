"""Descriptions of the protected resources."""

from collections.abc import Mapping
from typing import Final

from quantimodo.openapi import fakes
from quantimodo.openapi.operation import FORM, JSON, Content, Operation, Response
from quantimodo.openapi.parameters import TokenInBody
from quantimodo.openapi.responses import SLEEP_DETAILS, CurrentConsent, Person, UserInfo, refused
from quantimodo.openapi.shared import BY_ANY_TOKEN, by_token

TAG: Final = "People"

REFUSED: Final[Mapping[int, Response]] = {
    400: refused(
        "The token is sent in more than one way, or in a way that is turned off.",
        {"invalid_request": "the token is sent in more than one way"},
        "NotStored",
    ),
    401: refused(
        "No token (`unauthorized`), or an invalid one (`invalid_token`).",
        {
            "unauthorized": "an access token is needed",
            "invalid_token": "the access token has expired, was revoked or never existed",
        },
        "NotStored",
        "BearerChallenge",
    ),
    403: refused(
        "The token is valid, and lacks the scope.",
        {"insufficient_scope": "the token does not open this resource"},
        "NotStored",
        "BearerChallenge",
    ),
}

# RFC 9470 §3: an operator can require a newer or stronger sign-in for what is sensitive.
REFUSED_SENSITIVE: Final[Mapping[int, Response]] = {
    **REFUSED,
    401: refused(
        "No token (`unauthorized`), an invalid one (`invalid_token`), or one of a sign-in that is"
        " too old or too weak (`insufficient_user_authentication`): the challenge has `max_age` and"
        " `acr_values` for the authorization request.",
        {
            "unauthorized": "an access token is needed",
            "invalid_token": "the access token has expired, was revoked or never existed",
            "insufficient_user_authentication": (
                "the person has to sign in again, as the challenge says"
            ),
        },
        "NotStored",
        "BearerChallenge",
    ),
}

_CLAIMS: Final = {
    200: Response(
        "The claims of the token's scopes; `sub` is always present.",
        (
            Content(
                JSON,
                UserInfo,
                {
                    "profile and email": {
                        "sub": fakes.SUBJECT,
                        "name": "Ann Example",
                        "updated_at": 1_795_431_600,
                        "email": "ann@example.org",
                        "email_verified": True,
                    },
                },
            ),
        ),
        ("NotStored",),
    ),
    **REFUSED,
}

_SLEEP_ONLY: Final = {
    "clientId": fakes.CLIENT_ID,
    "clientName": "Mood Tracker",
    "scope": "readmeasurements",
    "authorizationDetails": SLEEP_DETAILS,
    "allowedSince": "2026-11-23T12:00:00Z",
    "updatedAt": "2026-11-23T12:00:00Z",
    "expiresAt": None,
}

OPERATIONS: Final = (
    Operation(
        route="user_me",
        method="GET",
        id="getUser",
        tag=TAG,
        summary="The person of a token",
        description="The person who allowed the access. Scope `basic`.",
        security=by_token("basic"),
        responses={
            200: Response(
                "The person.",
                (
                    Content(
                        JSON,
                        Person,
                        {
                            "Ann": {
                                "id": 42,
                                "displayName": "Ann Example",
                                "loginName": "ann@example.org",
                                "email": "ann@example.org",
                                "emailVerified": True,
                                "administrator": False,
                            },
                        },
                    ),
                ),
                ("NotStored",),
            ),
            **REFUSED,
        },
        shared=(413, 500, 503),
    ),
    Operation(
        route="current_consent",
        method="GET",
        id="getCurrentConsent",
        tag=TAG,
        summary="What the person of a token allows its app",
        description="Any valid token of a person. The person can narrow it at any time, also while"
        " the token is valid.",
        security=BY_ANY_TOKEN,
        responses={
            200: Response(
                "The access of this token.",
                (Content(JSON, CurrentConsent, {"sleep": _SLEEP_ONLY}),),
                ("NotStored",),
            ),
            **{status: REFUSED[status] for status in (400, 401)},
            404: refused(
                "The token is the app's own, or a personal token.",
                {"not_found": "the token is the app's own"},
                "NotStored",
            ),
        },
        shared=(413, 500, 503),
    ),
    Operation(
        route="userinfo",
        method="GET",
        id="getUserInfo",
        tag=TAG,
        summary="OpenID Connect claims about the person",
        description="Scope `openid`; `profile`, `email`, `address` and `phone` add claims.",
        security=by_token("openid"),
        responses=_CLAIMS,
        shared=(413, 500, 503),
    ),
    Operation(
        route="userinfo",
        method="POST",
        id="getUserInfoByForm",
        twin_of="getUserInfo",
        tag=TAG,
        summary="The same, with the token in a form",
        description="The `Authorization` header is better; a token in both is refused.",
        body=TokenInBody,
        bodies=(FORM,),
        examples={"token in the body": {"access_token": fakes.ACCESS_TOKEN}},
        security=(*by_token("openid"), {}),
        responses=_CLAIMS,
        shared=(413, 500, 503),
    ),
)
