"""The audit trail, as other packages use it."""

from typing import Protocol

from quantimodo.model.events import Event


class Audit(Protocol):
    def record(self, event: Event) -> None:
        """Record `event`. Never waits, never fails: events are written in background batches."""
