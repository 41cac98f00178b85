"""Events for applications, and their delivery.

The promises of `stores.py` hold here too. Other stores write the events, in the transaction of what
they report.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from quantimodo.model.app_events import (
    AppEvent,
    Attempt,
    ChangedVariable,
    Delivery,
    DisabledReason,
    EventStream,
    MeasurementNotice,
    WebhookEndpoint,
)
from quantimodo.model.consents import ConsentingPerson
from quantimodo.model.measurements import Filters


class AppEventStore(Protocol):
    async def stream(self, client_id: str) -> EventStream | None:
        """The counters of an application; None if no events are kept for it."""

    async def set_polled(self, client_id: str, polled: bool) -> None:
        """Keep all events of the application from now on, or only those that an endpoint gets.
        Raises `Conflict` when the application was deleted."""

    async def events_after(self, client_id: str, number: int, limit: int) -> Sequence[AppEvent]:
        """At most `limit` events after this number, in order. Numbers are in the order of commits,
        so a caller that has read an event has missed none before it."""


class WebhookStore(Protocol):
    """Endpoints and their deliveries. An endpoint of another application does not exist."""

    async def add_endpoint(self, endpoint: WebhookEndpoint) -> bool:
        """Add an endpoint; False if the application has the most endpoints already. Raises
        `Conflict` when it was deleted."""

    async def endpoint(self, client_id: str, endpoint_id: str) -> WebhookEndpoint | None:
        """The endpoint of this application with this id."""

    async def endpoints_of(self, client_id: str) -> Sequence[WebhookEndpoint]:
        """All endpoints of the application, oldest first."""

    async def change_endpoint(
        self, client_id: str, endpoint_id: str, url: str, kinds: frozenset[str]
    ) -> bool:
        """Change the address and the kinds of an endpoint; False if there is none."""

    async def rotate_secret(
        self, client_id: str, endpoint_id: str, sealed: bytes, previous_until: datetime
    ) -> bool:
        """Replace the secret; until `previous_until` the previous one signs too. False if there is
        no such endpoint."""

    async def enable_endpoint(self, client_id: str, endpoint_id: str) -> bool:
        """Deliver events again, also those that waited; False if no such endpoint is disabled."""

    async def disable_endpoint(
        self, client_id: str, endpoint_id: str, at: datetime, reason: DisabledReason
    ) -> bool:
        """Deliver nothing to the endpoint; events that wait stay. Of concurrent calls exactly one
        returns True."""

    async def delete_endpoint(self, client_id: str, endpoint_id: str) -> bool:
        """Delete it with its deliveries; False if there is none."""

    async def add_test_event(self, client_id: str, endpoint_id: str, at: datetime) -> bool:
        """Add an event of the kind `webhook.test` for this endpoint alone; False if the application
        has no such endpoint that is enabled."""

    async def deliveries(
        self, client_id: str, endpoint_id: str, limit: int, before: int | None = None
    ) -> Sequence[Delivery]:
        """The deliveries, newest first; `before` is the last event number of the previous page."""

    async def replay(self, client_id: str, endpoint_id: str, number: int, at: datetime) -> bool:
        """Deliver the event with this number again, or for the first time; False if the event is
        not kept or the endpoint does not get its kind."""

    async def replay_since(
        self, client_id: str, endpoint_id: str, since: datetime, at: datetime
    ) -> int:
        """Deliver again all stored events since then of the kinds that the endpoint gets; returns
        how many."""


class DeliveryQueue(Protocol):
    async def due_endpoints(
        self, at: datetime, after: str, limit: int
    ) -> Sequence[tuple[str, str]]:
        """The endpoints with a due delivery, each with its application: their ids, by id of the
        endpoint from the first one after `after` on."""

    async def claim_deliveries(
        self, endpoint_id: str, at: datetime, lease: timedelta, limit: int
    ) -> tuple[WebhookEndpoint, Sequence[Delivery]] | None:
        """Take due deliveries for `lease`: no other caller gets them before it ends. `attempts`
        counts this one. None if the endpoint is gone or disabled, or nothing is due."""

    async def record_delivered(self, attempt: Attempt) -> None:
        """Record that the endpoint responded with 2xx. Without effect if another attempt has
        begun."""

    async def record_failed(self, attempt: Attempt) -> datetime | None:
        """Make the delivery due at `retry_at`, or give it up. Returns the first failure after the
        endpoint's last success; None, and nothing is stored, if another attempt has begun."""


class MeasurementNoticeStore(Protocol):
    """Written by `save_measurements`, one for each application and person."""

    async def due_notices(self, at: datetime, limit: int) -> Sequence[MeasurementNotice]:
        """The due notices, oldest first."""

    async def report_measurements(
        self,
        notice: MeasurementNotice,
        at: datetime,
        filters_of: Callable[[ConsentingPerson], Filters],
    ) -> Sequence[ChangedVariable] | None:
        """Replace the notice by an event about what was saved since then, as far as the consent at
        this moment and `filters_of` allow: in one transaction, so that of concurrent calls one
        writes the event (else None). No event if nothing is left.
        """
