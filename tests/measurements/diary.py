"""A journal with people in it, asked as the API asks it."""

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
examples = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Noted(NamedTuple):
    """One measurement, as it is sent and as it is told."""

    variable: str
    source: str
    start: int
    value: float


@dataclass(slots=True)
class Diary:
    stores: Stores
    clock: Clock

    @property
    def measurement_service(self) -> MeasurementService:
        return MeasurementService(
            self.stores.measurements,
            self.stores.variables,
            References(self.stores.references),
            self.clock,
        )

    async def person(self, what: Sequence[Noted] = (), unit: str = "/5") -> int:
        """A person of their own, with these measurements."""
        name = f"diary-{next(_NUMBERS)}"
        user = await self.stores.users.add_user(
            NewUser(subject=name, name=name, email=None, created_at=self.clock.now()), None
        )
        await self.note(user.id, what, unit)
        return user.id

    async def note(self, user_id: int, what: Sequence[Noted], unit: str = "/5") -> None:
        if what:
            await self.measurement_service.save(user_id, [sent(one, unit) for one in what])

    async def ask(self, user_id: int, query: str) -> tuple[list[Noted], int]:
        """The page, and how many there are in all."""
        rows, total = await self.shown(user_id, query)
        return [told(row) for row in rows], total

    async def shown(self, user_id: int, query: str) -> tuple[Sequence[MeasurementView], int]:
        return await self.measurement_service.page(user_id, parse_measurement_query(query.encode()))

    async def walk(self, user_id: int, query: str) -> list[MeasurementView]:
        """All of it, as an export walks through it."""
        question = parse_measurement_query(query.encode())
        return [
            row
            async for rows in await self.measurement_service.stream(user_id, question)
            for row in rows
        ]


def sent(one: Noted, unit: str) -> SentSet:
    return SentSet(
        measurements=[SentMeasurement(start_time=one.start, value=one.value)],
        variable_name=one.variable,
        source_name=one.source or None,
        abbreviated_unit_name=unit,
    )


def told(row: MeasurementView) -> Noted:
    return Noted(row.measurement.variable, row.source or "", row.start // SECOND, row.value)


def kept(what: Sequence[Noted]) -> list[Noted]:
    """The last of each variable, source and start."""
    return list({one[:3]: one for one in what}.values())
