"""The audit trail: events are buffered without waiting, and written in background batches.

The caller decides what is recorded, and must not record secrets.
"""

from collections.abc import Callable, Sequence

from quantimodo.model.budgets import Charge
from quantimodo.model.events import Event
from quantimodo.ops.batch_writer import BatchWriter
from quantimodo.ports.background_stores import EventStore

ChargeOfEvent = Callable[[Event], Charge | None]


def _no_charge(event: Event) -> None:
    return None


class AuditTrail:
    """Implements `Audit`. `start` begins its task, `close` writes the rest and ends.

    `charge` returns the storage budget of an event that a caller without an account caused.
    """

    def __init__(
        self, store: EventStore, capacity: int = 10_000, charge: ChargeOfEvent = _no_charge
    ) -> None:
        self._store = store
        self._charge = charge
        self._writer = BatchWriter[Event]("audit", self._write, capacity, charge)
        self.start = self._writer.start
        self.flush = self._writer.flush
        self.close = self._writer.close

    def record(self, event: Event) -> None:
        self._writer.add(event)

    async def _write(self, events: Sequence[Event]) -> None:
        await self._store.add_events(events, self._charge(events[0]))
