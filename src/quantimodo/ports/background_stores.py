"""The stores of background work: signing keys, e-mail, audit events, leases, expired rows.

The promises of `stores.py` hold here too.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from quantimodo.model.budgets import Charge
from quantimodo.model.events import Event
from quantimodo.model.keys import SigningKey


class KeyStore(Protocol):
    async def signing_keys(self) -> Sequence[SigningKey]:
        """All signing keys that are not deleted, oldest first."""

    async def add_signing_key(self, key: SigningKey, replaces: str | None) -> bool:
        """Add the successor of the newest key of its algorithm.

        False if `replaces` (None: there is none) is no longer the newest: of processes that
        rotate at once, one wins. The replaced key's `retires_at` is set by `retire_signing_key`.
        """

    async def retire_signing_key(self, kid: str, at: datetime) -> bool:
        """Set when the key is published no longer; False if it is set, or there is no such key."""

    async def delete_signing_key(self, kid: str) -> bool:
        """Delete the key: its signatures do not verify any more. False if there is no such key."""


class MailStore(Protocol):
    async def add_mail(
        self,
        sealed: bytes,
        at: datetime,
        expires_at: datetime,
        charge: Charge | None = None,
        *,
        of_account: bool = False,
    ) -> None:
        """Queue a message. Over the budget of `charge` the oldest messages are deleted. Those that
        people with an account caused (`of_account`) and the others have separate totals."""

    async def claim_mail(
        self, at: datetime, lease: timedelta, limit: int
    ) -> Sequence[tuple[int, bytes, int]]:
        """Take due messages for `lease`: (id, sealed message, attempts before this one)."""

    async def delete_mail(self, mail_id: int) -> None:
        """Delete a message that was sent, or that is given up."""

    async def recent_mail(self, limit: int) -> Sequence[tuple[int, bytes, datetime]]:
        """The newest messages with their ids and times, newest first, for the development
        outbox."""


class EventStore(Protocol):
    async def add_events(self, events: Sequence[Event], charge: Charge | None = None) -> None:
        """Store the events. They count in the budget of `charge`; over it the oldest events that
        count in a budget are deleted."""

    async def events_of(self, user_id: int, limit: int) -> Sequence[Event]:
        """The events of this person, newest first."""

    async def events_before(
        self, user_id: int, before: int | None, limit: int
    ) -> Sequence[tuple[int, Event]]:
        """The events of this person, newest first, each with its id; `before` is the last id of the
        previous page."""


class LeaseStore(Protocol):
    async def lease(self, name: str, holder: str, lifetime: timedelta, at: datetime) -> bool:
        """Take or prolong a named lease; False while another holder has it."""


class RetentionStore(Protocol):
    async def delete_expired(self, table: str, now: datetime, limit: int) -> int:
        """Delete up to `limit` expired rows of `table`, and return their number."""

    @property
    def expiring_tables(self) -> Sequence[str]:
        """The names of the tables from which `delete_expired` deletes."""
