"""The log of each application: its refused requests, how many tokens it got, and how often it
requested each endpoint, day by day.

Counting is an addition in memory. A background worker writes the numbers, and the refusals that
were taken: of each application at most 30 a minute, and 5 of one endpoint and code, so that a flood
costs no more and displaces few others. The counts include each refusal. The log has no value that
the caller chose, and no data of a person.
"""

import asyncio
from collections.abc import Container, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Final, TypeVar

from quantimodo.model.client_log import ClientDay, ClientRefusal, ClientUsage
from quantimodo.model.personal_tokens import name_of_token
from quantimodo.ops.traffic import Traffic
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
_MOST_COUNTS: Final = 20_000  # of one endpoint and code, until they are written
_MINUTE: Final = timedelta(minutes=1)

Key = TypeVar("Key", str, tuple[str, str], tuple[str, str, str])
Refused = tuple[str, str, str]
"""An application, an endpoint and a code."""


class ClientLog:
    """One per worker. `flush` writes what waits: call it every few seconds, and `close` once."""

    def __init__(self, store: ClientLogStore, clock: Clock, traffic: Traffic) -> None:
        self._store = store
        self._clock = clock
        self.traffic = traffic
        self._tokens: dict[str, int] = {}
        self._refusals: dict[str, int] = {}
        self._requests: dict[tuple[str, str], int] = {}
        self._codes: dict[Refused, int] = {}
        self._rows: list[ClientRefusal] = []
        self._taken: dict[tuple[str, ...], int] = {}
        self._since: datetime | None = None
        self._writing = asyncio.Lock()

    def issued(self, client_id: str, grant_type: str) -> None:
        """Count a token response. Never waits, never fails."""
        tokens, of_server = self._tokens, self.traffic.tokens
        if client_id in tokens:
            tokens[client_id] += 1
        elif len(tokens) < _MOST_COUNTS:
            tokens[client_id] = 1
        of_server[grant_type] = of_server.get(grant_type, 0) + 1

    def refused(self, refusal: ClientRefusal) -> None:
        """Count a refused request, and take its row unless there are too many. Never waits."""
        client_id = refusal.client_id
        self.traffic.app_refusals += 1
        if client_id in self._refusals or len(self._refusals) < _MOST_COUNTS:
            self._refusals[client_id] = self._refusals.get(client_id, 0) + 1
        self.refused_elsewhere(client_id, refusal.endpoint, refusal.code)
        if self._since is None or not self._since <= refusal.at < self._since + _MINUTE:
            self._since = refusal.at
            self._taken.clear()
        kind = (client_id, refusal.endpoint, refusal.code)
        taken, of_kind = self._taken.get((client_id,), 0), self._taken.get(kind, 0)
        if taken < PER_MINUTE and of_kind < PER_KIND and len(self._rows) < _MOST_WAITING:
            self._taken[(client_id,)], self._taken[kind] = taken + 1, of_kind + 1
            self._rows.append(refusal)

    def refused_elsewhere(self, client_id: str, endpoint: str, code: str) -> None:
        """Count a refused request by its endpoint and code alone: it has no row. Never waits."""
        kind, codes = (client_id, endpoint, code), self._codes
        if kind in codes or len(codes) < _MOST_COUNTS:
            codes[kind] = codes.get(kind, 0) + 1

    async def flush(self) -> None:
        """Write what waits. Raises `Unavailable`, and then it waits for the next time."""
        async with self._writing:
            _add(self._requests, self.traffic.take_of_clients())
            tokens, refusals, rows = self._tokens, self._refusals, self._rows
            requests, codes = self._requests, self._codes
            self._tokens, self._refusals, self._rows = {}, {}, []
            self._requests, self._codes = {}, {}
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
            usage = _usage(today, requests, codes)
            if not days and not usage:
                return
            written: set[str] = set()
            try:
                await self._add(rows, days, usage, written)
            except Unavailable:
                left = [each for each in rows if each.client_id not in written]
                self._rows = [*left, *self._rows][:_MOST_WAITING]
                _add(self._tokens, _without(written, tokens))
                _add(self._refusals, _without(written, refusals))
                _add(self._requests, _without(written, requests))
                _add(self._codes, _without(written, codes))
                raise

    async def close(self) -> None:
        """Write what waits; what cannot be written is lost."""
        with suppress(Unavailable):
            await self.flush()

    async def _add(
        self,
        rows: Sequence[ClientRefusal],
        days: Sequence[ClientDay],
        usage: Sequence[ClientUsage],
        written: set[str],
    ) -> None:
        """Adds to `written` the applications whose part is done, also where it then raises."""
        clients = {each.client_id for each in days} | {each.client_id for each in usage}
        try:
            await self._store.add_to_client_log(rows, days, MOST_ROWS, usage)
        except Conflict:
            if len(clients) > 1:
                for client_id in clients:
                    await self._add(
                        [each for each in rows if each.client_id == client_id],
                        [each for each in days if each.client_id == client_id],
                        [each for each in usage if each.client_id == client_id],
                        written,
                    )
            # Otherwise the application and its log were deleted meanwhile.
        written |= clients


def _usage(
    day: date, requests: Mapping[tuple[str, str], int], codes: Mapping[Refused, int]
) -> Sequence[ClientUsage]:
    """The numbers of applications; those of personal tokens belong to none."""
    counted: dict[Refused, int] = {}
    for (client_id, endpoint), number in requests.items():
        # The pages are counted as one, and only authorization requests name an application there.
        kind = (client_id, "authorize" if endpoint == "page" else endpoint, "")
        counted[kind] = counted.get(kind, 0) + number
    counted.update(codes)
    return [
        ClientUsage(client_id=client_id, day=day, endpoint=endpoint, code=code, number=number)
        for (client_id, endpoint, code), number in counted.items()
        if name_of_token(client_id) is None
    ]


def _without(clients: Container[str], numbers: Mapping[Key, int]) -> Mapping[Key, int]:
    """The numbers of other applications: each key begins with one, or is one."""
    return {
        key: number
        for key, number in numbers.items()
        if (key if isinstance(key, str) else key[0]) not in clients
    }


def _add(waiting: dict[Key, int], numbers: Mapping[Key, int]) -> None:
    for key, number in numbers.items():
        if key in waiting or len(waiting) < _MOST_COUNTS:
            waiting[key] = waiting.get(key, 0) + number
