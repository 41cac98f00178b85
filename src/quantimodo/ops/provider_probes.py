"""Fetches the public keys of sign-in providers regularly, so that an outage is known before a
person signs in.

Owns the time of the requests: in one process at a time, at the interval of the operator, with a
random deviation so that servers do not send them together. The guarded HTTP client records the
outcome of each request (`ops/provider_outcomes.py`).
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
        """Probe each provider, one after the other, if it is time and this process holds the
        lease."""
        now = self.clock.now()
        if not await self.leases.lease("provider probes", self.holder, _LEASE, now):
            self._due_at = None
            return
        if self._due_at is None:  # the previous process may have probed just now
            self._due_at = now + self.interval * self._part()
        if now < self._due_at:
            return
        self._due_at = now + self.interval * (1 + _SPREAD * (self._part() - 0.5))
        for probe in self.probes:
            await probe()

    def _part(self) -> float:
        """From 0 to 1."""
        return self.entropy.bytes(1)[0] / 255
