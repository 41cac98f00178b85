"""The log of each application: its refused requests, and how many tokens it got day by day.

Counting is an addition in memory. A background worker writes the numbers, and the refusals that
were taken: of each application at most 30 a minute, and 5 of one endpoint and code, so that a flood
costs no more and displaces few others. The counts have every one. A refusal has no value that a
stranger chose, and nothing of a person.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from quantimodo.model.client_log import ClientDay, ClientRefusal
from quantimodo.ports.client_log_store import ClientLogStore
from quantimodo.ports.clock import Clock
from quantimodo.ports.stores import Conflict, Unavailable

MOST_ROWS: Final = 500
"""Of each application; the oldest are deleted."""
PER_MINUTE: Final = 30
"""Rows of one application that one worker takes."""
PER_KIND: Final = 5
"""Rows of one application, endpoint and code that one worker takes in a minute."""
_MOST_WAITING: Final = 2_000  # rows of one worker, until they are written
_MOST_CLIENTS: Final = 20_000  # whose counts wait
_MINUTE: Final = timedelta(minutes=1)


class ClientLog:
    """One per worker. `flush` writes what waits: call it every few seconds, and `close` once."""

    def __init__(self, store: ClientLogStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._tokens: dict[str, int] = {}
        self._refusals: dict[str, int] = {}
        self._rows: list[ClientRefusal] = []
        self._taken: dict[tuple[str, ...], int] = {}
        self._since: datetime | None = None
        self._writing = asyncio.Lock()

    def issued(self, client_id: str) -> None:
        """Count a token response. Never waits, never fails."""
        tokens = self._tokens
        if client_id in tokens:
            tokens[client_id] += 1
        elif len(tokens) < _MOST_CLIENTS:
            tokens[client_id] = 1

    def refused(self, refusal: ClientRefusal) -> None:
        """Count a refused request, and take its row unless there are too many. Never waits."""
        client_id = refusal.client_id
        if client_id in self._refusals or len(self._refusals) < _MOST_CLIENTS:
            self._refusals[client_id] = self._refusals.get(client_id, 0) + 1
        if self._since is None or not self._since <= refusal.at < self._since + _MINUTE:
            self._since = refusal.at
            self._taken.clear()
        kind = (client_id, refusal.endpoint, refusal.code)
        taken, of_kind = self._taken.get((client_id,), 0), self._taken.get(kind, 0)
        if taken < PER_MINUTE and of_kind < PER_KIND and len(self._rows) < _MOST_WAITING:
            self._taken[(client_id,)], self._taken[kind] = taken + 1, of_kind + 1
            self._rows.append(refusal)

    async def flush(self) -> None:
        """Write what waits. Raises `Unavailable`, and then it waits for the next time."""
        async with self._writing:
            tokens, refusals, rows = self._tokens, self._refusals, self._rows
            self._tokens, self._refusals, self._rows = {}, {}, []
            today = self._clock.now().date()
            days = [
                ClientDay(
                    client_id=client_id,
                    day=today,
                    tokens=tokens.get(client_id, 0),
                    refusals=refusals.get(client_id, 0),
                )
                for client_id in tokens.keys() | refusals.keys()
            ]
            if not days:
                return
            try:
                await self._add(rows, days)
            except Unavailable:
                self._rows = [*rows, *self._rows][:_MOST_WAITING]
                for waiting, before in ((self._tokens, tokens), (self._refusals, refusals)):
                    for client_id, number in before.items():
                        waiting[client_id] = waiting.get(client_id, 0) + number
                raise

    async def close(self) -> None:
        """Write what waits; what cannot be written is lost."""
        with suppress(Unavailable):
            await self.flush()

    async def _add(self, rows: Sequence[ClientRefusal], days: Sequence[ClientDay]) -> None:
        try:
            await self._store.add_to_client_log(rows, days, MOST_ROWS)
        except Conflict:
            if len(days) == 1:
                return  # the application was deleted meanwhile, and its log with it
            for day in days:
                own = [row for row in rows if row.client_id == day.client_id]
                await self._add(own, [day])
