"""Counts requests in the memory of one process: their durations and their applications.

Owns the numbers until `request_counts.py` and `client_log.py` write them. A request costs one call,
and each number is an addition in a dictionary. Memory is bounded.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from quantimodo.ops.metrics import Metrics

BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the classes of durations, in seconds; the last class has no bound."""
_MOST_CODES: Final = 300
_MOST_OF_CLIENTS: Final = 20_000  # pairs of an application and an endpoint
_OTHER: Final = "other"


class Traffic:
    """One per process."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._series: dict[tuple[str, int], Callable[[], None]] = {}
        self._durations: dict[str, list[int]] = {}
        self._refusals: dict[str, int] = {}
        self._of_clients: dict[tuple[str, str], int] = {}
        self.tokens: dict[str, int] = {}
        """Token responses by grant type. `ClientLog.issued` adds to it."""
        self.app_refusals = 0
        """Refused requests of applications. `ClientLog.refused` adds to it."""

    def ended(
        self, endpoint: str, status: int, seconds: float | None = None, client_id: str = ""
    ) -> None:
        """Count a response of this endpoint, and its duration if there is one; also for the
        application whose credentials the request has, or that it names. Never waits."""
        series = self._series.get((endpoint, status))
        if series is None:
            series = self._series[(endpoint, status)] = self._metrics.responses(endpoint, status)
        series()
        if seconds is not None:
            durations = self._durations.get(endpoint)
            if durations is None:
                durations = self._durations[endpoint] = [0] * (len(BOUNDS) + 1)
            durations[bisect_left(BOUNDS, seconds)] += 1
        if client_id:
            pair, counted = (client_id, endpoint), self._of_clients
            if pair in counted:
                counted[pair] += 1
            elif len(counted) < _MOST_OF_CLIENTS:
                counted[pair] = 1

    def refused(self, code: str) -> None:
        """Count a refused request by its code. Never waits."""
        if code not in self._refusals and len(self._refusals) >= _MOST_CODES:
            code = _OTHER
        self._refusals[code] = self._refusals.get(code, 0) + 1

    def take_durations(self) -> Mapping[str, Sequence[int]]:
        """The number of requests in each class of durations, by endpoint, since the last call.
        The metrics have them from then on."""
        taken, self._durations = self._durations, {}
        self._metrics.add_durations(taken, BOUNDS)
        return taken

    def take_tokens(self) -> Mapping[str, int]:
        """Token responses by grant type since the last call."""
        taken, self.tokens = self.tokens, {}
        return taken

    def take_refusals(self) -> tuple[Mapping[str, int], int]:
        """Refused requests by code, and those of applications, since the last call."""
        taken, self._refusals = self._refusals, {}
        of_apps, self.app_refusals = self.app_refusals, 0
        return taken, of_apps

    def take_of_clients(self) -> Mapping[tuple[str, str], int]:
        """Requests by application and endpoint since the last call."""
        taken, self._of_clients = self._of_clients, {}
        return taken
