"""The audit trail: events are taken at once and written in background batches.

The caller decides what is recorded, and must not record secrets.
"""

from quantimodo.model.events import Event
from quantimodo.ops.batches import BatchWriter
from quantimodo.ports.background_stores import EventStore


class AuditTrail:
    """Implements `Audit`. `start` begins its task, `close` writes the rest and ends."""

    def __init__(self, store: EventStore, capacity: int = 10_000) -> None:
        self._writer = BatchWriter[Event]("audit", store.add_events, capacity)
        self.start = self._writer.start
        self.flush = self._writer.flush
        self.close = self._writer.close

    def record(self, event: Event) -> None:
        self._writer.add(event)
