"""The measurements of all people who allow an application to read them (measurements-api.md §1), by
the application's own token.

A person's measurements are included while their grant to the application is active.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from quantimodo.http.messages import Request, Response
from quantimodo.measurements.count_cache import CountCache
from quantimodo.measurements.queries import MeasurementQuery, parse_measurement_query
from quantimodo.measurements.resolved_queries import Person
from quantimodo.measurements.service import MeasurementService
from quantimodo.measurements.views import MeasurementView
from quantimodo.model.clients import Client
from quantimodo.model.measurements import Filters
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.clock import Clock
from quantimodo.ports.measurement_stores import MeasurementStore
from quantimodo.ports.stores import Conflict
from quantimodo.protocol.subjects import is_pairwise
from quantimodo.resource.measurement_json import measurement_rows, page_response
from quantimodo.resource.measurements import READ, MeasurementAccess
from quantimodo.tokens.subjects import Subjects

_PEOPLE_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class ApplicationMeasurements:
    """`GET /api/v2/application/measurements`: person by person, each in the requested order."""

    access: MeasurementAccess
    measurement_service: MeasurementService
    count_cache: CountCache
    store: MeasurementStore
    clients: ClientStore
    subjects: Subjects
    clock: Clock
    address: str

    async def __call__(self, request: Request) -> Response:
        app = (await self.access.bearer.authorize_application(request, READ)).client_id
        query = parse_measurement_query(request.query)
        count = partial(self._count, app, query.offset == 0)
        async with self.access.reads.place(app):
            people = await self._people(app)
            rows, total = await self.measurement_service.page_of_people(people, query, count)
        self._record(app, query, list(rows))
        names = await self._names(app, {row.measurement.user_id for row in rows})
        pairs = zip(rows, await measurement_rows(rows), strict=True)
        rows_json = [{**row_json, **names[row.measurement.user_id]} for row, row_json in pairs]
        return page_response(self.address, query, rows_json, total)

    async def _names(self, app: str, user_ids: set[int]) -> Mapping[int, dict[str, Any]]:
        """The ids by which the application distinguishes people: those that `/api/v1/user/me`
        returns."""
        client = await self.clients.client(app)
        if client is None or not is_pairwise(client):
            return {user_id: {"userId": user_id} for user_id in user_ids}
        return {
            user_id: {"userId": None, "sub": await self._pairwise(client, user_id)}
            for user_id in user_ids
        }

    async def _pairwise(self, client: Client, user_id: int) -> str | None:
        try:
            return await self.subjects.pairwise(client, user_id)
        except Conflict:  # deleted meanwhile
            return None

    async def _count(
        self, app: str, first_page: bool, user_ids: Sequence[int], filters: Filters
    ) -> Mapping[int, int]:
        return await self.count_cache.of(app, user_ids, filters, first_page=first_page)

    async def _people(self, app: str) -> list[Person]:
        """Read in each request, so that a change of a consent applies at once."""
        people: list[Person] = []
        while True:
            page = await self.store.consenting_people(
                app,
                READ,
                self.clock.now(),
                after=people[-1].user_id if people else 0,
                limit=_PEOPLE_AT_ONCE,
            )
            people += [
                Person(user_id, await self.access.allowed(details, "read"))
                for user_id, details in page
            ]
            if len(page) < _PEOPLE_AT_ONCE:
                return people

    def _record(self, app: str, query: MeasurementQuery, rows: list[MeasurementView]) -> None:
        numbers: dict[int, int] = {}
        for row in rows:
            user_id = row.measurement.user_id
            numbers[user_id] = numbers.get(user_id, 0) + row.number
        for user_id, number in numbers.items():
            self.access.record(
                user_id,
                app,
                "read",
                number,
                query.variables,
                query.categories,
            )
