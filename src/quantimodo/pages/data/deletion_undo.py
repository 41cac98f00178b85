"""Restores a deleted measurement for some minutes.

The database has no copy of it (security.md §23b). The page after the deletion has the values in a
form field, encrypted for this session; the form sends them back.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import msgspec

from quantimodo.crypto.digests import compare_digest
from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.measurements.payloads import SentMeasurement, SentSet
from quantimodo.measurements.queries import MeasurementQuery
from quantimodo.measurements.service import MeasurementService
from quantimodo.measurements.times import format_time
from quantimodo.measurements.views import MeasurementView
from quantimodo.model.measurements import Comparison, Filter
from quantimodo.pages.browser import BrowserRequest
from quantimodo.ports.clock import Clock

_LIFETIME: Final = timedelta(minutes=10)
_PURPOSE: Final = "measurement to restore"


class DeletedMeasurement(msgspec.Struct, frozen=True):
    """The deleted measurement. `unit` is the variable's; `value` is in `stored_unit`."""

    session: bytes
    until: float
    variable: str
    source: str
    category: str
    combination: str
    unit: str
    stored_unit: str
    value: float
    start: int
    note: str

    def __repr__(self) -> str:
        return "Deleted(…)"


@dataclass(frozen=True, slots=True)
class DeletionUndo:
    envelope: Envelope
    measurement_service: MeasurementService
    clock: Clock

    def sealed(self, browser_request: BrowserRequest, shown: MeasurementView) -> str:
        """The measurement as the value of a form field, for this session."""
        one = shown.measurement
        deleted = DeletedMeasurement(
            session=browser_request.required().key,
            until=(self.clock.now() + _LIFETIME).timestamp(),
            variable=one.variable,
            source=one.source,
            category=shown.category,
            combination=one.combination,
            unit=shown.unit.abbreviated_name,
            stored_unit=shown.stored_unit.abbreviated_name,
            value=one.stored_value,
            start=one.start,
            note=one.note,
        )
        sealed = self.envelope.seal(msgspec.json.encode(deleted), _PURPOSE)
        return urlsafe_b64encode(sealed).decode()

    def opened(self, browser_request: BrowserRequest, text: str) -> DeletedMeasurement | None:
        """The measurement in the field; None in another session or too late."""
        try:
            content = self.envelope.open(urlsafe_b64decode(text.encode()), _PURPOSE)
            deleted = msgspec.json.decode(content, type=DeletedMeasurement)
        except (DecryptionFailed, Error, ValueError):  # a DecodeError of msgspec is a ValueError
            return None
        expired = deleted.until <= self.clock.now().timestamp()
        return (
            None
            if expired or not compare_digest(deleted.session, browser_request.required().key)
            else deleted
        )

    async def restore(self, user_id: int, deleted: DeletedMeasurement) -> bool:
        """False if another measurement has this variable, source and time. Raises `DomainError`."""
        same_one = (
            Filter("variable", (Comparison("is", deleted.variable),)),
            Filter("source", (Comparison("is", deleted.source),)),
            Filter("start", (Comparison("is", deleted.start),)),
        )
        if await self.measurement_service.rows(
            user_id, MeasurementQuery(filters=same_one, limit=1)
        ):
            return False
        await self.measurement_service.save(user_id, _sets(deleted))
        return True


def _sets(deleted: DeletedMeasurement) -> list[SentSet]:
    """The measurement sets to save: one that creates the variable in its unit, if it was deleted,
    then the original value."""
    one = SentMeasurement(
        start_time=format_time(deleted.start), value=deleted.value, note=deleted.note or None
    )
    return [
        SentSet(
            measurements=measurements,
            variable_name=deleted.variable,
            source_name=deleted.source or None,
            variable_category_name=deleted.category,
            combination_operation=deleted.combination,
            abbreviated_unit_name=unit,
        )
        for measurements, unit in (([], deleted.unit), ([one], deleted.stored_unit))
    ]
