"""The person's variables, and their categories (measurements-api.md §1)."""

import unicodedata
from dataclasses import dataclass

from quantimodo.http.json import private_json
from quantimodo.http.messages import Request, Response
from quantimodo.measurements.catalogue import References
from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.queries import parse_variable_query
from quantimodo.measurements.service import MeasurementService
from quantimodo.measurements.views import VariableView
from quantimodo.resource.bearer_authentication import BearerAuthentication
from quantimodo.resource.measurement_json import page_response, variable_json
from quantimodo.resource.measurements import READ, MeasurementAccess


@dataclass(frozen=True, slots=True)
class Variables:
    """`GET /api/v1/variables`."""

    access: MeasurementAccess
    measurement_service: MeasurementService
    address: str

    async def __call__(self, request: Request) -> Response:
        user, app, permissions = await self.access.authorize(request, READ)
        query = parse_variable_query(request.query)
        async with self.access.reads.place(user.id):
            views, total = await self.measurement_service.variables(
                user.id, query, permissions.read
            )
        # A variable shows a summary of its measurements, and the last one completely.
        self.access.record_reading(user, app, query, sum(map(_number_in, views)))
        return page_response(self.address, query, list(map(variable_json, views)), total)


@dataclass(frozen=True, slots=True)
class OneVariable:
    """`GET /api/v1/variables/{name}`."""

    access: MeasurementAccess
    measurement_service: MeasurementService

    async def __call__(self, request: Request) -> Response:
        user, app, permissions = await self.access.authorize(request, READ)
        name = unicodedata.normalize("NFC", request.tail)
        async with self.access.reads.place(user.id):
            view = await self.measurement_service.variable(user.id, name, permissions.read)
        if view is None:
            raise MeasurementError("there is no such variable", status=404)
        self.access.record(
            user.id, app, "read", _number_in(view), view.summary.variable.name, view.category
        )
        return private_json(200, variable_json(view))


def _number_in(view: VariableView) -> int:
    """One if the variable shows a measurement, its last one; otherwise none."""
    return int(view.summary.number > 0)


@dataclass(frozen=True, slots=True)
class VariableCategories:
    """`GET /api/v1/variableCategories`, for any valid token."""

    bearer: BearerAuthentication
    references: References

    async def __call__(self, request: Request) -> Response:
        await self.bearer.authenticate(request)
        categories = (await self.references.catalogue()).variable_categories
        return private_json(200, [{"id": each.id, "name": each.name} for each in categories])
