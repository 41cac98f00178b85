"""Durations, token responses and refusals of all processes, by hour and by day.

Owns the names of the groups of endpoints, and the names of the counters in the database. A
background worker writes the sums, so that requests write nothing. A process writes the rest when it
ends; a process that is killed loses what it counted since its last flush.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from quantimodo.model.server_counts import CountName
from quantimodo.model.texts import N_
from quantimodo.ops.traffic import BOUNDS, Traffic
from quantimodo.ports.clock import Clock
from quantimodo.ports.server_count_store import ServerCountStore
from quantimodo.ports.stores import Unavailable
from quantimodo.protocol.endpoints import GROUP_OF

PAGES: Final = "pages"
"""The group of all pages, which are no endpoints of the table."""
GROUPS: Final[Mapping[str, str]] = {
    "tokens": N_("Tokens"),
    "introspection": N_("Introspection and revocation"),
    "requests": N_("Pushed requests, devices and registration"),
    "profile": N_("Profiles, grants and events"),
    "measurements": N_("Measurements and variables"),
    "agents": N_("Agents (MCP)"),
    "documents": N_("Metadata, keys and descriptions"),
    PAGES: N_("Pages"),
}
"""The groups of endpoints whose durations are shown, and what pages call them."""
CLASSES: Final = (*(f"{bound:g}" for bound in BOUNDS), "more")
"""The classes of durations by their upper bounds in seconds; the last one has none."""


class RequestCounts:
    """One per process. `flush` writes what waits: call it every 30 seconds, and `close` once."""

    def __init__(self, store: ServerCountStore, clock: Clock, traffic: Traffic) -> None:
        self._store = store
        self._clock = clock
        self._traffic = traffic
        self._waiting: dict[tuple[CountName, str], int] = {}
        self._writing = asyncio.Lock()

    async def flush(self) -> None:
        """Write what was counted until now. Raises `Unavailable`; then the counts are kept for the
        next call."""
        async with self._writing:
            self._take()
            counted, self._waiting = self._waiting, {}
            if not counted:
                return
            try:
                await self._store.add_counts(self._clock.now(), counted)
            except Unavailable:
                self._waiting = counted
                raise

    async def close(self) -> None:
        """Write the rest. What cannot be written is lost."""
        with suppress(Unavailable):
            await self.flush()

    def _take(self) -> None:
        for endpoint, numbers in self._traffic.take_durations().items():
            group = PAGES if endpoint == "page" else GROUP_OF.get(endpoint)
            if group is not None:
                for bound, number in zip(CLASSES, numbers, strict=True):
                    self._add("durations", f"{group} {bound}", number)
        for grant_type, number in self._traffic.take_tokens().items():
            self._add("tokens", grant_type, number)
        refusals, of_apps = self._traffic.take_refusals()
        for code, number in refusals.items():
            self._add("refusals", code, number)
        self._add("app-refusals", "", of_apps)

    def _add(self, name: CountName, label: str, number: int) -> None:
        if number:
            key = (name, label)
            self._waiting[key] = self._waiting.get(key, 0) + number
