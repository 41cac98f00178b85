"""Units and their categories: reference data, for any valid token (measurements-api.md)."""

from dataclasses import dataclass

from quantimodo.measurements.catalogue import References
from quantimodo.resource.guard import Guard
from quantimodo.resource.journal_json import unit_json
from quantimodo.wire.exchange import Request, Response
from quantimodo.wire.json import private_json


@dataclass(frozen=True, slots=True)
class Units:
    """`GET /api/v1/units`."""

    guard: Guard
    references: References

    async def __call__(self, request: Request) -> Response:
        await self.guard.bearer(request)
        return private_json(200, list(map(unit_json, (await self.references.catalogue()).units)))


@dataclass(frozen=True, slots=True)
class UnitCategories:
    """`GET /api/v1/unitCategories`."""

    guard: Guard
    references: References

    async def __call__(self, request: Request) -> Response:
        await self.guard.bearer(request)
        found = (await self.references.catalogue()).unit_categories
        return private_json(200, [{"id": each.id, "name": each.name} for each in found])
