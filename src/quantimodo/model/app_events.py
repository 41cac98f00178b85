"""What an application learns about its people after the fact: events, and where they are sent.

`docs/developer/webhooks.md` describes them for applications. The audit trail of the server is
another thing: `events.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, get_args

AppEventKind = Literal[
    "grant.created",
    "grant.revoked",
    "consent.changed",
    "user.updated",
    "user.deleted",
    "measurements.created",
]
KINDS: Final[tuple[AppEventKind, ...]] = get_args(AppEventKind)
TEST_KIND: Final = "webhook.test"
"""The kind of the event that its owner sends to try an endpoint. It is in no list of events."""

MOST_EVENTS: Final = 10_000
"""The newest events of one application that are kept."""
MOST_ENDPOINTS: Final = 10
"""Of one application."""

DisabledReason = Literal["owner", "gone", "failing"]
"""Why an endpoint gets nothing: its owner disabled it, it responded 410, or it failed for days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppEvent:
    """One event of one application. `number` orders the events of the application. `data` has no
    subject yet, which is read when the event is written out; that of `user.deleted` has it, because
    the person (`user_id`) is gone."""

    id: int
    client_id: str
    number: int
    kind: str
    at: datetime
    user_id: int | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventStream:
    """The counters of the events of one application. `polled`: they are kept for its requests also
    without an endpoint. Events up to `dropped_number` are not kept any more."""

    client_id: str
    polled: bool = False
    last_number: int = 0
    dropped_number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEndpoint:
    """An address that gets events of these kinds. Its secrets are encrypted; the previous one signs
    too until `previous_until`. `failing_since` is the first failure after the last success, and
    `dropped` the number of events that were deleted before they could be delivered."""

    id: str
    client_id: str
    url: str
    kinds: frozenset[str]
    sealed_secret: bytes = field(repr=False)
    created_at: datetime
    sealed_previous: bytes | None = field(default=None, repr=False)
    previous_until: datetime | None = None
    disabled_at: datetime | None = None
    disabled_reason: str = ""
    failing_since: datetime | None = None
    dropped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way to one endpoint. `due_at` is the next attempt, None when there is none:
    it was delivered at `delivered_at`, or given up. `status` is that of the last response, 0
    without one; `cause` says why the last attempt failed."""

    endpoint_id: str
    event: AppEvent
    due_at: datetime | None
    attempts: int
    tried_at: datetime | None = None
    delivered_at: datetime | None = None
    status: int = 0
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The result of one attempt. `retry_at` is None for the last one, and for a success."""

    endpoint_id: str
    event_id: int
    attempts: int
    at: datetime
    status: int = 0
    cause: str = ""
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChangedVariable:
    """The measurements of one variable that were saved within some time: how many, and their first
    and last start time in microseconds."""

    variable_id: int
    number: int
    earliest: int
    latest: int


@dataclass(frozen=True, slots=True)
class MeasurementNotice:
    """Measurements of this person were saved, which the application may be allowed to read."""

    client_id: str
    user_id: int
    since: datetime
