"""Describes events for applications: the list of them, and webhooks."""

from typing import Annotated, Any, Final, Literal, Required, TypedDict

from quantimodo.model.app_events import AppEventKind
from quantimodo.openapi import tags
from quantimodo.openapi.bearer_authentication import REFUSED, by_token
from quantimodo.openapi.operation import JSON, Content, Operation, Response, described
from quantimodo.openapi.responses import refused
from quantimodo.openapi.schemas import Json, reference
from quantimodo.protocol.app_events import SCOPE

_SUBJECT = described("The `sub` of the person at this app.", "248289761001")
_GRANT = described(
    "The grant: its `grant_id` if the app manages it, otherwise an id for events only.",
    "mJtQJd2bZ5pVY0cWxq8aT3Hn",
)
_AT = "2026-11-30T08:15:30.000000Z"


class EventQuery(TypedDict, total=False):
    """Where to begin."""

    after: Annotated[
        str,
        described("The `next` of the last response. Missing: from the first event.", "YWZ0ZXIgNw"),
    ]
    limit: Annotated[int, described("1 to 500; 100 when left out.", 100, ge=1, le=500)]


class GrantCreated(TypedDict):
    """A person allowed the app something, or the app changed a grant that it manages."""

    subject: Annotated[str, _SUBJECT]
    grant_id: Annotated[str, _GRANT]
    scope: Annotated[str, described("Space-separated scopes.", "openid readmeasurements")]


class GrantRevoked(TypedDict):
    """A grant has ended before its time. Its tokens are inactive."""

    subject: Annotated[str, _SUBJECT]
    grant_id: Annotated[str, _GRANT]


class ConsentChanged(TypedDict):
    """The person changed or withdrew what the app may use."""

    subject: Annotated[str, _SUBJECT]
    change: Annotated[Literal["changed", "withdrawn"], described("What happened.", "changed")]
    scope: Annotated[str, described("What the app may use now; empty for nothing.", "openid")]
    expires_at: Annotated[
        int | None, described("When the consent ends, in seconds since 1970.", 1_810_983_600)
    ]


class UserUpdated(TypedDict):
    """The profile of the person has changed. Request the values from userinfo."""

    subject: Annotated[str, _SUBJECT]
    claims: Annotated[
        list[str], described("The claims that changed and that the app may see.", ["email"])
    ]


class UserDeleted(TypedDict):
    """The account was deleted."""

    subject: Annotated[str, _SUBJECT]


class SavedVariable(TypedDict):
    """A variable of which measurements were saved."""

    id: Annotated[int, described("The id of the variable.", 12)]
    count: Annotated[int, described("How many of its measurements were saved.", 3)]


class MeasurementsCreated(TypedDict):
    """Measurements that the app may read were saved in the last seconds, by any app."""

    subject: Annotated[str, _SUBJECT]
    count: Annotated[int, described("How many were saved.", 3)]
    earliest: Annotated[str, described("The first of their start times.", _AT)]
    latest: Annotated[str, described("The last of their start times.", _AT)]
    variables: Annotated[
        list[SavedVariable],
        described("Their variables, at most 100.", [{"id": 12, "count": 3}]),
    ]


class WebhookTest(TypedDict):
    """Sent by the owner of the app, to try the webhook."""


class AppEvent(TypedDict):
    """One event, as a webhook has it in its body, with its id."""

    webhook_id: Annotated[
        str, described("The same as `webhook-id`.", "msg_5d41402abc4b2a76b9719d911017c592")
    ]
    type: Annotated[AppEventKind, described("The kind of event.", "grant.revoked")]
    timestamp: Annotated[str, described("When it happened.", _AT)]
    data: Annotated[
        dict[str, Any],
        described("As the webhook of this type has it.", {"subject": "248289761001"}),
    ]


class EventPage(TypedDict, total=False):
    """Events in their order."""

    events: Required[list[AppEvent]]
    next: Required[Annotated[str, described("The `after` of the next request.", "YWZ0ZXIgOA")]]
    more: Required[Annotated[bool, described("Whether there are more by now.", False)]]


DATA: Final = {
    "grant.created": GrantCreated,
    "grant.revoked": GrantRevoked,
    "consent.changed": ConsentChanged,
    "user.updated": UserUpdated,
    "user.deleted": UserDeleted,
    "measurements.created": MeasurementsCreated,
    "webhook.test": WebhookTest,
}
"""The type of `data` by the kind of event."""

_PAGE: Final[dict[str, Any]] = {
    "events": [
        {
            "webhook_id": "msg_5d41402abc4b2a76b9719d911017c592",
            "type": "grant.revoked",
            "timestamp": _AT,
            "data": {"subject": "248289761001", "grant_id": "mJtQJd2bZ5pVY0cWxq8aT3Hn"},
        }
    ],
    "next": "YWZ0ZXIgOA",
    "more": False,
}

_HEADERS: Final = {
    "webhook-id": "The id of the event: the same in each attempt. Use it to recognise repetitions.",
    "webhook-timestamp": "When this attempt was made, in seconds since 1970.",
    "webhook-signature": "Signatures separated by spaces: `v1,` and the HMAC-SHA-256, in base64, of"
    " `id.timestamp.body` by the secret of the webhook.",
}


def webhooks() -> Json:
    """The requests that this server sends, by the kind of event."""
    return {kind: {"post": _webhook(kind, data)} for kind, data in DATA.items()}


def _webhook(kind: str, data: Any) -> Json:
    words = "".join(word.capitalize() for word in kind.split("."))
    return {
        "operationId": f"on{words}",
        "tags": [tags.EVENTS],
        "summary": kind,
        "description": data.__doc__,
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": True,
                "description": text,
                "schema": {"type": "string"},
            }
            for name, text in _HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": _payload(kind, data)}},
        },
        "responses": {
            "2XX": {"description": "The event was received. Other responses are failures."},
            "410": {"description": "No more events: this server disables the webhook."},
        },
    }


def _payload(kind: str, data: Any) -> Json:
    return {
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"const": kind},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": reference(data),
        },
    }


OPERATIONS: Final = (
    Operation(
        route="events",
        method="GET",
        id="listEvents",
        tag=tags.EVENTS,
        summary="List the events of the app, in order",
        description="With a token of the app itself (`client_credentials`), scope"
        f" `{SCOPE}`. For apps that poll instead of receiving webhooks. Turn on the list in the"
        " developer portal. Each event comes at least once; its `webhook_id` identifies"
        " repetitions. Events are kept for 30 days, and the newest 10,000 of them.",
        query=EventQuery,
        security=by_token(SCOPE),
        responses={
            200: Response(
                "The events after the cursor.",
                (Content(JSON, EventPage, {"revoked": _PAGE}),),
                ("NotStored",),
            ),
            **REFUSED,
            404: refused(
                "No events are kept for the app.",
                {"not_found": "no events are kept for the app: turn on its list of events first"},
                "NotStored",
            ),
            410: refused(
                "Events after this cursor are not kept any more.",
                {"cursor_expired": "events after this cursor are not kept any more"},
                "NotStored",
            ),
        },
        shared=(413, 500, 503),
    ),
)
