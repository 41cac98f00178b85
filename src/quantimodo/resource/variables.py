"""The person's variables, and their categories (measurements-api.md)."""

import unicodedata
from dataclasses import dataclass

from quantimodo.measurements.catalogue import References
from quantimodo.measurements.errors import Refused
from quantimodo.measurements.journal import Journal, ShownVariable
from quantimodo.measurements.questions import question_about_variables
from quantimodo.resource.guard import Guard
from quantimodo.resource.journal_json import page_response, refusal, variable_json
from quantimodo.resource.measurements import READ, Doorman
from quantimodo.wire.exchange import Request, Response
from quantimodo.wire.json import private_json


@dataclass(frozen=True, slots=True)
class Variables:
    """`GET /api/v1/variables`."""

    door: Doorman
    journal: Journal
    address: str

    async def __call__(self, request: Request) -> Response:
        user, app = await self.door.admit(request, READ)
        try:
            question = question_about_variables(request.query)
            async with self.door.reads.place(user.id):
                found, total = await self.journal.variables(user.id, question)
        except Refused as error:
            return refusal(error)
        # What is told of a variable is of its measurements, and the last of them whole.
        self.door.note_reading(user, app, question, sum(map(_told, found)))
        return page_response(self.address, question, list(map(variable_json, found)), total)


@dataclass(frozen=True, slots=True)
class OneVariable:
    """`GET /api/v1/variables/{name}`."""

    door: Doorman
    journal: Journal

    async def __call__(self, request: Request) -> Response:
        user, app = await self.door.admit(request, READ)
        name = unicodedata.normalize("NFC", request.tail)
        async with self.door.reads.place(user.id):
            found = await self.journal.variable(user.id, name)
        if found is None:
            return refusal(Refused("there is no such variable", status=404))
        self.door.note(
            user.id, app, "read", _told(found), found.summary.variable.name, found.category
        )
        return private_json(200, variable_json(found))


def _told(found: ShownVariable) -> int:
    return int(found.summary.number > 0)


@dataclass(frozen=True, slots=True)
class VariableCategories:
    """`GET /api/v1/variableCategories`, for any valid token."""

    guard: Guard
    references: References

    async def __call__(self, request: Request) -> Response:
        await self.guard.bearer(request)
        found = (await self.references.catalogue()).variable_categories
        return private_json(200, [{"id": each.id, "name": each.name} for each in found])
