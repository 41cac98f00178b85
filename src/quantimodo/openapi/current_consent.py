"""Describes the resource that says what the person of a token allows its application."""

from typing import Annotated, Final, TypedDict

from quantimodo.openapi import fakes, tags
from quantimodo.openapi.authorization_details import SLEEP_DETAILS, AuthorizationDetail
from quantimodo.openapi.bearer_authentication import BY_ANY_TOKEN, REFUSED
from quantimodo.openapi.operation import JSON, Content, Operation, Response, described
from quantimodo.openapi.responses import refused


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
        route="current_consent",
        method="GET",
        id="getCurrentConsent",
        tag=tags.PEOPLE,
        summary="Get what the person of a token allows its app",
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
)
