"""Makes the payload of an event for its application, with the `sub` by which the application knows
the person."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quantimodo.model.app_events import AppEvent
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.stores import Conflict
from quantimodo.protocol.app_events import envelope
from quantimodo.tokens.subjects import Subjects


@dataclass(frozen=True, slots=True)
class AppEventWriter:
    """Implements `EventWriter`."""

    clients: ClientStore
    users: UserStore
    subjects: Subjects

    async def write(self, event: AppEvent) -> Mapping[str, Any] | None:
        if event.user_id is None:
            return envelope(event.kind, event.at, event.data)
        client = await self.clients.client(event.client_id)
        user = await self.users.user(event.user_id)
        if client is None or user is None:
            return None
        try:
            subject = await self.subjects.of(client, user)
        except Conflict:  # deleted meanwhile
            return None
        return envelope(event.kind, event.at, {"subject": subject, **event.data})
