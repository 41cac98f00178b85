"""The record of what happened, as the house writes it."""

from typing import Protocol

from quantimodo.model.events import Event


class Audit(Protocol):
    def record(self, event: Event) -> None:
        """Keep `event`. Never waits, never fails: it is written in batches, in the background."""
