"""Limits how many log lines refused requests write, so that a flood of them cannot fill a disk."""

from collections.abc import Callable, Hashable, MutableMapping
from typing import Any, Final

import structlog

# Lines at the level `info` whose number a stranger determines.
SAMPLED: Final = frozenset({"refused", "sign-in failed", "notice refused", "stopped"})

_SECONDS: Final = 60
_PER_REASON: Final = 10
_IN_ALL: Final = 60
_MAX_REASONS: Final = 500


class RefusalSampler:
    """A structlog processor: passes 10 lines a minute per reason, and 60 a minute in all.

    A reason is the event with its endpoint, provider, code and cause. The next line of a reason
    has `left_out`, the number of its lines that were dropped before it; the first line of a minute
    has `left_out_in_all`. Metrics count every refusal. One per process; memory is bounded.
    `seconds` is a monotonic clock.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._minute = 0
        self._passed: dict[Hashable, int] = {}
        self._left_out: dict[Hashable, int] = {}
        self._total = 0
        self._left_out_in_all = 0

    def __call__(
        self, logger: Any, method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """The event, or `structlog.DropEvent`."""
        if event["event"] not in SAMPLED:
            return event
        minute = int(self._seconds() // _SECONDS)
        if minute != self._minute:
            self._minute, self._total = minute, 0
            self._passed.clear()
        reason = self._reason(event)
        passed = self._passed.get(reason, 0)
        if passed >= _PER_REASON or self._total >= _IN_ALL:
            self._left_out[reason] = self._left_out.get(reason, 0) + 1
            self._left_out_in_all += 1
            raise structlog.DropEvent
        if self._total == 0 and self._left_out_in_all:
            event["left_out_in_all"], self._left_out_in_all = self._left_out_in_all, 0
        if reason in self._left_out:
            event["left_out"] = self._left_out.pop(reason)
        self._passed[reason] = passed + 1
        self._total += 1
        return event

    def _reason(self, event: MutableMapping[str, Any]) -> Hashable:
        names = ("event", "endpoint", "provider", "code", "because")
        reason = tuple(str(event.get(name, "")) for name in names)
        known = reason in self._passed or reason in self._left_out
        full = len(self._passed) + len(self._left_out) >= _MAX_REASONS
        return reason if known or not full else ("another reason",)
