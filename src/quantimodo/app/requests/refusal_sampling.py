"""Limits how many log lines refused requests write, so that a flood of them cannot fill a disk."""

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final

import structlog

# Its cause contains a host that a client registered, so all its lines have one reason.
_OF_CLIENTS: Final = "document.not_fetched"
# The events whose number callers determine.
SAMPLED: Final = frozenset(
    {"refused", "sign-in failed", "security event refused", "stopped", "unavailable", _OF_CLIENTS}
)
SUMMARY: Final = "refusals left out"

_SECONDS: Final = 60
_PER_REASON: Final = 10
_IN_ALL: Final = 60
_MAX_REASONS: Final = 500
_MAX_IN_SUMMARY: Final = 5
# The fields that make a reason. Their values are texts of this server and configured names.
_REASON: Final = ("event", "endpoint", "provider", "code", "because")

Reason = tuple[str, ...]


class RefusalSampler:
    """A structlog processor: passes 10 lines a minute per reason, and 60 a minute in all.

    A reason is the event with its endpoint, provider, code and cause. The next line of a reason
    has `left_out`, the number of its lines that were dropped before it; the first line of a minute
    has `left_out_in_all`. When no line follows, `summary` has the numbers. Metrics count every
    refusal. One per process; memory is bounded. `seconds` is a monotonic clock.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._minute = 0
        self._passed: dict[Reason, int] = {}
        self._left_out: dict[Reason, int] = {}
        self._total = 0
        self._left_out_in_all = 0

    def __call__(
        self, logger: Any, method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """The event, or `structlog.DropEvent`."""
        if event["event"] not in SAMPLED:
            return event
        self._turn_minute()
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

    def summary(self, *, at_end: bool = False) -> Mapping[str, Any] | None:
        """The fields of a line on the lines that were left out. None if no line was left out since
        the last summary, or if a line of this minute will have a number: `at_end` of the process
        there is no next line."""
        self._turn_minute()
        if not self._left_out_in_all or (self._total and not at_end):
            return None
        most = sorted(self._left_out.items(), key=lambda item: -item[1])[:_MAX_IN_SUMMARY]
        fields = {
            "left_out_in_all": self._left_out_in_all,
            "most": [{**_fields(reason), "left_out": number} for reason, number in most],
        }
        self._left_out.clear()
        self._left_out_in_all = 0
        return fields

    def _turn_minute(self) -> None:
        minute = int(self._seconds() // _SECONDS)
        if minute != self._minute:
            self._minute, self._total = minute, 0
            self._passed.clear()

    def _reason(self, event: MutableMapping[str, Any]) -> Reason:
        names = _REASON[:1] if event["event"] == _OF_CLIENTS else _REASON
        reason = tuple(str(event.get(name, "")) if name in names else "" for name in _REASON)
        known = reason in self._passed or reason in self._left_out
        full = len(self._passed) + len(self._left_out) >= _MAX_REASONS
        return reason if known or not full else ("", "", "", "", "another reason")


def _fields(reason: Reason) -> dict[str, str]:
    return {name: value for name, value in zip(_REASON, reason, strict=True) if value}
