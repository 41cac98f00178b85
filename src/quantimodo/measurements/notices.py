"""Reports saved measurements to applications as events.

An event covers the measurements of one person that were saved within some seconds, as far as the
person allows the application to read them.
"""

from dataclasses import dataclass
from typing import Final

from quantimodo.measurements.catalogue import References
from quantimodo.measurements.permissions import allowed_measurements
from quantimodo.measurements.resolved_queries import restrict
from quantimodo.model.consents import ConsentingPerson
from quantimodo.model.measurements import Filters
from quantimodo.ports.app_event_stores import MeasurementNoticeStore
from quantimodo.ports.clock import Clock

_AT_ONCE: Final = 100  # notices


@dataclass(frozen=True, slots=True)
class MeasurementNotices:
    """Turns due notices of saved measurements into events."""

    store: MeasurementNoticeStore
    references: References
    clock: Clock

    async def send_due(self) -> int:
        """Write the events that are due; how many notices were processed."""
        done = 0
        catalogue = await self.references.catalogue()
        while True:
            now = self.clock.now()

            def filters_of(person: ConsentingPerson) -> Filters:
                allowed = allowed_measurements(catalogue, person.details, "read", now)  # noqa: B023
                return restrict((), allowed)

            notices = await self.store.due_notices(now, _AT_ONCE)
            for notice in notices:
                await self.store.report_measurements(notice, now, filters_of)
            done += len(notices)
            if len(notices) < _AT_ONCE:
                return done
