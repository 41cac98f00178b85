"""The measurement service over a database, with people in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

from hypothesis import HealthCheck, settings

from quantimodo.measurements.catalogue import References
from quantimodo.measurements.payloads import SentMeasurement, SentSet
from quantimodo.measurements.queries import parse_measurement_query
from quantimodo.measurements.service import MeasurementService
from quantimodo.measurements.views import MeasurementView
from quantimodo.model.users import NewUser
from quantimodo.ports.clock import Clock
from quantimodo.ports.stores import Stores

_NUMBERS = count()
SECOND = 1_000_000
few_examples = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Sample(NamedTuple):
    """The parts of a measurement that the tests compare. `start` is in seconds."""

    variable: str
    source: str
    start: int
    value: float


@dataclass(slots=True)
class MeasurementDatabase:
    """The stores, and the service over them. Queries are query strings of the API."""

    stores: Stores
    clock: Clock

    @property
    def references(self) -> References:
        return References(self.stores.references)

    @property
    def service(self) -> MeasurementService:
        return MeasurementService(
            self.stores.measurements,
            self.stores.variables,
            self.references,
            self.clock,
        )

    async def add_person(self, samples: Sequence[Sample] = (), unit: str = "/5") -> int:
        """The id of a new person with these measurements."""
        name = f"person-{next(_NUMBERS)}"
        user = await self.stores.users.add_user(
            NewUser(subject=name, name=name, email=None, created_at=self.clock.now()), None
        )
        await self.save(user.id, samples, unit)
        return user.id

    async def save(self, user_id: int, samples: Sequence[Sample], unit: str = "/5") -> None:
        if samples:
            await self.service.save(user_id, [_payload(each, unit) for each in samples])

    async def samples(self, user_id: int, query: str) -> tuple[list[Sample], int]:
        """One page, and the total number of measurements."""
        rows, total = await self.page(user_id, query)
        return [sample_of(row) for row in rows], total

    async def page(self, user_id: int, query: str) -> tuple[Sequence[MeasurementView], int]:
        """One page, and the total number of measurements."""
        return await self.service.page(user_id, parse_measurement_query(query.encode()))

    async def export(self, user_id: int, query: str) -> list[MeasurementView]:
        """All rows, as an export reads them."""
        stream = await self.service.stream(user_id, parse_measurement_query(query.encode()))
        return [row async for rows in stream for row in rows]


def _payload(sample: Sample, unit: str) -> SentSet:
    return SentSet(
        measurements=[SentMeasurement(start_time=sample.start, value=sample.value)],
        variable_name=sample.variable,
        source_name=sample.source or None,
        abbreviated_unit_name=unit,
    )


def sample_of(row: MeasurementView) -> Sample:
    return Sample(row.measurement.variable, row.source or "", row.start // SECOND, row.value)


def latest(samples: Sequence[Sample]) -> list[Sample]:
    """The last sample of each variable, source and start."""
    return list({each[:3]: each for each in samples}.values())
