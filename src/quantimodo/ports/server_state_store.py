"""The store of what operators watch. The promises of `stores.py` hold here too."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from quantimodo.model.server_state import ProviderState, QueueState, Sizes, TokenRequests


class ServerStateStore(Protocol):
    async def queues(self, at: datetime) -> Sequence[QueueState]:
        """The queues of e-mails and of webhooks. Counts at most 100,000 entries of each."""

    async def sizes(self) -> Sizes:
        """The sizes of the database and, on PostgreSQL, if this role may read it, of its log."""

    async def record_backup(self, at: datetime) -> None:
        """Record that a backup was complete; an older one than the recorded one changes nothing."""

    async def last_backup(self) -> datetime | None:
        """When the last recorded backup was made."""

    async def add_provider_outcomes(self, outcomes: Sequence[ProviderState]) -> None:
        """Add the outcomes in one process. `failures` are added to the stored ones, unless a
        success that is newer than the stored one came before them. No failure of another process is
        lost."""

    async def provider_states(self) -> Sequence[ProviderState]:
        """The states of all providers, by name."""

    async def add_token_requests(self, at: datetime, requests: TokenRequests) -> None:
        """Add them to the numbers of their minute. No number of another process is lost."""

    async def token_requests(self, at: datetime, during: timedelta) -> TokenRequests:
        """The sum of the minutes from `at - during` on."""
