"""The store of the logs of applications. The promises of `stores.py` hold here too."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from quantimodo.model.client_log import ClientDay, ClientRefusal, ClientUsage, DaySums


class ClientLogStore(Protocol):
    async def add_to_client_log(
        self,
        refusals: Sequence[ClientRefusal],
        days: Sequence[ClientDay],
        most: int,
        usage: Sequence[ClientUsage] = (),
    ) -> None:
        """Store the refusals, of each client the newest `most`; the older ones are deleted in the
        same transaction. Add the numbers of `days`, of which no two are of one client and day, and
        those of `usage`, of which no two are of one client, day, endpoint and code. Raises
        `Conflict`, and stores nothing, when one of the clients is deleted."""

    async def client_refusals(
        self,
        client_id: str,
        *,
        endpoint: str = "",
        code: str = "",
        before: int | None = None,
        limit: int = 50,
    ) -> Sequence[tuple[int, ClientRefusal]]:
        """The refusals, newest first, each with its id, of one endpoint and code or of all;
        `before` is the last id of the previous page."""

    async def client_days(self, client_id: str, since: date) -> Sequence[ClientDay]:
        """The days on which there was something, the oldest first."""

    async def client_usage(self, client_id: str, since: date) -> Sequence[ClientUsage]:
        """The requests of the client since then, by day, the oldest day first."""

    async def days_of_all_clients(self, since: date) -> Sequence[DaySums]:
        """The sums of `client_days` over all clients, the oldest day first."""

    async def people_by_day(self, client_id: str, since: date) -> Sequence[tuple[date, int]]:
        """The number of people whose data or profile the client read or wrote, for each day (UTC)
        on which there were any, the oldest first."""
