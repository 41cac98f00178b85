"""The measurements of the person to whom the token belongs (measurements-api.md §1).

Reading needs the scope `readmeasurements`, writing `writemeasurements`; neither includes the other.
Each read and write is recorded in the access log of the person.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from quantimodo.http.json import PRIVATE, private_json
from quantimodo.http.messages import Request, Response
from quantimodo.measurements.catalogue import References
from quantimodo.measurements.csv_export import csv_header, csv_row, csv_text
from quantimodo.measurements.drafts import SavedMeasurements
from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.payloads import parse_change, parse_sets
from quantimodo.measurements.permissions import EVERYTHING, Permissions, allowed_measurements
from quantimodo.measurements.queries import MeasurementQuery, parse_measurement_query
from quantimodo.measurements.read_limits import ReadLimits
from quantimodo.measurements.service import MeasurementService
from quantimodo.measurements.views import MeasurementView
from quantimodo.model.consent_details import Action, Details, explicit
from quantimodo.model.measurements import Access, AllowedMeasurements
from quantimodo.model.tokens import FoundAccessToken
from quantimodo.model.users import User
from quantimodo.ports.clock import Clock
from quantimodo.ports.measurement_stores import AccessRecorder
from quantimodo.protocol.consent_details import from_json
from quantimodo.protocol.scopes import effective, health_actions
from quantimodo.resource.bearer_authentication import BearerAuthentication, insufficient
from quantimodo.resource.measurement_json import (
    CSV_HEADERS,
    measurement_json,
    measurement_rows,
    page_response,
)
from quantimodo.resource.step_up import SensitiveClass, StepUpPolicy

READ, WRITE = "readmeasurements", "writemeasurements"
_MOST_RECORDED = 20  # variables of one request that the access log names; the rest as one


class AuthorizedRequest(NamedTuple):
    """The person and the app of a request, and what the person allows it."""

    user: User
    app: str
    permissions: Permissions


@dataclass(frozen=True, slots=True)
class MeasurementAccess:
    """Authenticates requests for measurements, applies the consent, and records accesses for the
    person."""

    bearer: BearerAuthentication
    accesses: AccessRecorder
    clock: Clock
    reads: ReadLimits
    references: References
    step_up: StepUpPolicy

    async def authorize(
        self, request: Request, scope: str, sensitive: SensitiveClass | None = None
    ) -> AuthorizedRequest:
        """Authenticate the request, and return what its person allows. Raises `BearerError`, also
        when the person allows nothing that the scope opens, and `InsufficientAuthentication` for a
        sensitive operation."""
        token = await self.bearer.authenticate(request)
        authorized = await self.authorize_token(token, scope)
        if sensitive is not None:
            self.step_up.check(sensitive, token, self.clock.now())
        return authorized

    async def authorize_token(self, token: FoundAccessToken, scope: str) -> AuthorizedRequest:
        """What a token allows with this scope. Raises `InsufficientScope`."""
        if scope not in token.scope or token.user is None:
            raise insufficient(token, scope)
        permissions = EVERYTHING
        if token.details is not None:
            opened, details = effective(token.scope, from_json(token.details))
            if scope not in opened:
                raise insufficient(token, scope)
            part = explicit(details, health_actions(opened))
            permissions = Permissions(
                await self.allowed(part, "read"), await self.allowed(part, "write")
            )
        return AuthorizedRequest(token.user, token.client_id, permissions)

    async def allowed(self, details: Details, action: Action) -> AllowedMeasurements | None:
        """What consent details allow at this moment; None for everything."""
        catalogue = await self.references.catalogue()
        return allowed_measurements(catalogue, details, action, self.clock.now())

    def record(
        self,
        user_id: int,
        client_id: str,
        action: Literal["read", "write", "delete"],
        number: int,
        variable: str = "",
        category: str = "",
    ) -> None:
        """Record in the access log what the application did with this many measurements."""
        now = self.clock.now()
        self.accesses.record(
            Access(
                user_id=user_id,
                client_id=client_id,
                action=action,
                first_at=now,
                last_at=now,
                variable=variable,
                category=category,
                measurements=number,
            )
        )

    def record_reading(self, user: User, app: str, query: MeasurementQuery, number: int) -> None:
        """Record a read, with the filters that the application sent."""
        self.record(user.id, app, "read", number, query.variables, query.categories)

    def record_saving(self, user: User, app: str, saved: SavedMeasurements) -> None:
        """Record a write, for at most some variables by name and for the rest by number."""
        named: Mapping[str, int] = dict(list(saved.numbers.items())[:_MOST_RECORDED])
        for name, number in named.items():
            self.record(user.id, app, "write", number, name, saved.categories[name])
        rest = sum(saved.numbers.values()) - sum(named.values())
        if rest:
            self.record(user.id, app, "write", rest)


@dataclass(frozen=True, slots=True)
class Measurements:
    """`GET` and `POST /api/v1/measurements`."""

    access: MeasurementAccess
    measurement_service: MeasurementService
    address: str

    async def __call__(self, request: Request) -> Response:
        if request.method == "POST":
            return await self._add(request)
        user, app, permissions = await self.access.authorize(request, READ)
        query = parse_measurement_query(request.query)
        async with self.access.reads.place(user.id):
            rows, total = await self.measurement_service.page(user.id, query, permissions.read)
        self.access.record_reading(user, app, query, number_in(rows))
        return page_response(self.address, query, await measurement_rows(rows), total)

    async def _add(self, request: Request) -> Response:
        user, app, permissions = await self.access.authorize(request, WRITE)
        if request.media_type() != "application/json":
            raise MeasurementError("send JSON, with the content type application/json")
        saved = await self.measurement_service.save(
            user.id, parse_sets(request.body), permissions.write
        )
        self.access.record_saving(user, app, saved)
        return private_json(200, {"success": True})


@dataclass(frozen=True, slots=True)
class OneMeasurement:
    """`GET`, `PUT` and `DELETE /api/v2/measurements/{id}`."""

    access: MeasurementAccess
    measurement_service: MeasurementService

    async def __call__(self, request: Request) -> Response:
        match request.method:
            case "GET":
                return await self._show(
                    await self.access.authorize(request, READ), _number(request)
                )
            case "PUT":
                return await self._change(await self.access.authorize(request, WRITE), request)
            case _:
                authorized = await self.access.authorize(request, WRITE, "deletion")
                return await self._remove(authorized, _number(request))

    async def _show(self, authorized: AuthorizedRequest, number: int) -> Response:
        user, _, permissions = authorized
        view = await self.measurement_service.one(user.id, number, permissions.read)
        if view is None:
            raise _not_found()
        self._record(authorized, "read", view)
        return private_json(200, measurement_json(view))

    async def _change(self, authorized: AuthorizedRequest, request: Request) -> Response:
        user, _, permissions = authorized
        if request.media_type() != "application/json":
            raise MeasurementError("send JSON, with the content type application/json")
        view = await self.measurement_service.change(
            user.id, _number(request), parse_change(request.body), permissions
        )
        if view is None:
            raise _not_found()
        self._record(authorized, "write", view)
        return private_json(200, measurement_json(view))

    async def _remove(self, authorized: AuthorizedRequest, number: int) -> Response:
        user, _, permissions = authorized
        view = await self.measurement_service.delete(user.id, number, permissions)
        if view is None:
            raise _not_found()
        self._record(authorized, "delete", view)
        return Response(204, b"", PRIVATE)

    def _record(
        self,
        authorized: AuthorizedRequest,
        action: Literal["read", "write", "delete"],
        view: MeasurementView,
    ) -> None:
        variable, category = view.measurement.variable, view.category
        self.access.record(authorized.user.id, authorized.app, action, 1, variable, category)


@dataclass(frozen=True, slots=True)
class MeasurementsCsv:
    """`GET /api/v2/measurements/csv`: everything that the filters choose, by start, streamed."""

    access: MeasurementAccess
    measurement_service: MeasurementService

    async def __call__(self, request: Request) -> Response:
        user, app, permissions = await self.access.authorize(request, READ, "export")
        query = parse_measurement_query(request.query)
        async with self.access.reads.place(user.id):
            chunks = await self.measurement_service.stream(user.id, query, permissions.read)
        return Response(200, b"", CSV_HEADERS, self._recorded(user, app, query, chunks))

    async def _recorded(
        self,
        user: User,
        app: str,
        query: MeasurementQuery,
        chunks: AsyncIterator[Sequence[MeasurementView]],
    ) -> AsyncGenerator[bytes, None]:
        yield csv_header(mark=query.byte_order_mark)
        number = 0
        try:
            while True:
                # The deadline applies to each part, because a slow client may take long for all of
                # them.
                async with self.access.reads.place(user.id):
                    rows = await anext(chunks, None)
                if rows is None:
                    return
                number += number_in(rows)
                yield csv_text(map(csv_row, rows))
        finally:
            self.access.record_reading(user, app, query, number)


def number_in(rows: Sequence[MeasurementView]) -> int:
    """The number of measurements in these rows; a group has all of its measurements."""
    return sum(row.number for row in rows)


def _not_found() -> MeasurementError:
    return MeasurementError("there is no such measurement", status=404)


def _number(request: Request) -> int:
    text = request.tail
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise _not_found()
    return int(text)
