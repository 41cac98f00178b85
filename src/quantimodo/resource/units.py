"""Units and their categories: reference data, for any valid token (measurements-api.md §9)."""

from dataclasses import dataclass

from quantimodo.http.json import private_json
from quantimodo.http.messages import Request, Response
from quantimodo.measurements.catalogue import References
from quantimodo.resource.bearer_authentication import BearerAuthentication
from quantimodo.resource.measurement_json import unit_json


@dataclass(frozen=True, slots=True)
class Units:
    """`GET /api/v1/units`."""

    bearer: BearerAuthentication
    references: References

    async def __call__(self, request: Request) -> Response:
        await self.bearer.authenticate(request)
        return private_json(200, list(map(unit_json, (await self.references.catalogue()).units)))


@dataclass(frozen=True, slots=True)
class UnitCategories:
    """`GET /api/v1/unitCategories`."""

    bearer: BearerAuthentication
    references: References

    async def __call__(self, request: Request) -> Response:
        await self.bearer.authenticate(request)
        categories = (await self.references.catalogue()).unit_categories
        return private_json(200, [{"id": each.id, "name": each.name} for each in categories])
