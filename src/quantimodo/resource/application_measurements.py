"""What all people of an application let it read (measurements-api.md): by the application's own
token, and of each person while their grant to it lives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from quantimodo.measurements.errors import Refused
from quantimodo.measurements.journal import Journal, Shown
from quantimodo.measurements.questions import Question, question_about_measurements
from quantimodo.measurements.tallies import Tallies
from quantimodo.model.measurements import Filters
from quantimodo.ports.clock import Clock
from quantimodo.ports.measurements import MeasurementStore
from quantimodo.resource.journal_json import measurement_json, page_response, refusal
from quantimodo.resource.measurements import READ, Doorman
from quantimodo.wire.exchange import Request, Response

_PEOPLE_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class ApplicationMeasurements:
    """`GET /api/v2/application/measurements`: person by person, each in the order asked for."""

    door: Doorman
    journal: Journal
    tallies: Tallies
    store: MeasurementStore
    clock: Clock
    address: str

    async def __call__(self, request: Request) -> Response:
        app = (await self.door.guard.application(request, READ)).client_id
        try:
            question = question_about_measurements(request.query)
            count = partial(self._count, app, question.offset == 0)
            people = await self._people(app)
            rows, total = await self.journal.page_of_people(people, question, count)
        except Refused as error:
            return refusal(error)
        self._note(app, question, list(rows))
        return page_response(self.address, question, list(map(_told, rows)), total)

    async def _count(
        self, app: str, begins: bool, user_ids: Sequence[int], filters: Filters
    ) -> Mapping[int, int]:
        return await self.tallies.of(app, user_ids, filters, begins=begins)

    async def _people(self, app: str) -> list[int]:
        """Looked up in each request: a grant that was taken back a moment ago counts no more."""
        people: list[int] = []
        while True:
            some = await self.store.readers_people(
                app,
                READ,
                self.clock.now(),
                after=people[-1] if people else 0,
                limit=_PEOPLE_AT_ONCE,
            )
            people += some
            if len(some) < _PEOPLE_AT_ONCE:
                return people

    def _note(self, app: str, question: Question, rows: list[Shown]) -> None:
        numbers: dict[int, int] = {}
        for row in rows:
            user_id = row.measurement.user_id
            numbers[user_id] = numbers.get(user_id, 0) + row.number
        for user_id, number in numbers.items():
            self.door.note(
                user_id,
                app,
                "read",
                number,
                question.variables,
                question.categories,
            )


def _told(row: Shown) -> dict[str, Any]:
    """With whose it is: the `id` of `/api/v1/user/me`."""
    return {**measurement_json(row), "userId": row.measurement.user_id}
