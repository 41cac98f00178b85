"""The outcomes of requests to sign-in providers in this process.

Owns those that are not stored yet. The guarded HTTP client reports each request, so that no caller
can make a provider look unavailable by a forged response.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from quantimodo.model.server_state import ProviderState
from quantimodo.ports.clock import Clock
from quantimodo.ports.server_state_store import ServerStateStore

Outcome = Literal["success", "failure"]


class ProviderOutcomes:
    """Counting never waits; `count` counts for the metrics. `flush` stores what is new."""

    def __init__(
        self, store: ServerStateStore, clock: Clock, count: Callable[[str, Outcome], None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._count = count
        self._seen: dict[str, ProviderState] = {}

    def record(self, provider: str, succeeded: bool) -> None:
        """Count the outcome of a request to this provider."""
        self._count(provider, "success" if succeeded else "failure")
        now = self._clock.now()
        before = self._seen.get(provider) or ProviderState(
            provider=provider, succeeded_at=None, failed_at=None, failures=0
        )
        self._seen[provider] = (
            replace(before, succeeded_at=now, failures=0)
            if succeeded
            else replace(before, failed_at=now, failures=before.failures + 1)
        )

    async def flush(self) -> None:
        """Store the outcomes since the last call. What cannot be stored now is kept for the next
        call."""
        seen, self._seen = self._seen, {}
        if not seen:
            return
        try:
            await self._store.add_provider_outcomes(list(seen.values()))
        except BaseException:
            for provider, state in seen.items():
                newer = self._seen.get(provider)
                self._seen[provider] = state if newer is None else _joined(state, newer)
            raise


def _joined(earlier: ProviderState, later: ProviderState) -> ProviderState:
    failures = later.failures if later.succeeded_at else earlier.failures + later.failures
    return ProviderState(
        provider=later.provider,
        succeeded_at=later.succeeded_at or earlier.succeeded_at,
        failed_at=later.failed_at or earlier.failed_at,
        failures=failures,
    )
