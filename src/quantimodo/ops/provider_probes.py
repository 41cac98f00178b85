"""Asks sign-in providers for their public keys between sign-ins, so that one that is down is known
before a person meets it.

Owns when: one process at a time, at the interval of the operator, a little earlier or later so that
servers do not ask together. The guarded HTTP client notes how each request ends
(`ops/provider_outcomes.py`).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from quantimodo.ports.background_stores import LeaseStore
from quantimodo.ports.clock import Clock, Entropy

_LEASE: Final = timedelta(minutes=3)  # longer than the minute between two rounds
_SPREAD: Final = 0.2


@dataclass(slots=True, kw_only=True)
class ProviderProbes:
    """`probes` each send one request, or two, and raise nothing when a provider does not respond.
    `holder` names this process."""

    probes: Sequence[Callable[[], Awaitable[None]]]
    interval: timedelta
    leases: LeaseStore
    clock: Clock
    entropy: Entropy
    holder: str
    _due_at: datetime | None = field(default=None, init=False)

    async def round(self) -> None:
        """Ask each provider, one after the other, if it is time and this process holds the
        lease."""
        now = self.clock.now()
        if not await self.leases.lease("provider probes", self.holder, _LEASE, now):
            self._due_at = None
            return
        if self._due_at is None:  # it has just begun: the process before may have asked just now
            self._due_at = now + self.interval * self._part()
        if now < self._due_at:
            return
        self._due_at = now + self.interval * (1 + _SPREAD * (self._part() - 0.5))
        for probe in self.probes:
            await probe()

    def _part(self) -> float:
        """From 0 to 1."""
        return self.entropy.bytes(1)[0] / 255
