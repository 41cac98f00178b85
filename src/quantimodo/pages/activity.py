"""/account/activity: which applications read or wrote the person's measurements, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.measurements.tables import csv_cell, csv_text
from quantimodo.model.clients import Client
from quantimodo.model.measurements import Access
from quantimodo.pages.desk import Desk
from quantimodo.pages.layout import NO_STORE
from quantimodo.ports.measurements import AccessLogStore
from quantimodo.ports.stores import ClientStore

_PAGE: Final = 50
_MOST_EXPORTED: Final = 10_000
_DID: Final = {"read": "Read", "write": "Recorded or changed", "delete": "Deleted"}
_KEPT_DAYS: Final = 400
_COLUMNS: Final = ("Application", "Did", "What", "Measurements", "Requests", "First", "Last")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log. `what` is empty for everything."""

    access: Access
    app: str
    did: str
    what: str


@dataclass(frozen=True, slots=True)
class Activity:
    desk: Desk
    accesses: AccessLogStore
    clients: ClientStore

    async def show(self, request: Request) -> Response:
        visit = await self.desk.visit(request)
        user = visit.required().user
        app = await self._asked(request)
        found = await self.accesses.accesses_of(
            user.id,
            client_id=None if app is None else app.id,
            before=_number(request.query_params.get("before", "")),
            limit=_PAGE + 1,
        )
        page = found[:_PAGE]
        return self.desk.show(
            request,
            visit,
            "account_activity.html",
            section="account-activity",
            lines=await self._lines([access for _, access in page]),
            older=page[-1][0] if len(found) > _PAGE else None,
            kept_days=_KEPT_DAYS,
            app=app,
        )

    async def _asked(self, request: Request) -> Client | None:
        """The application whose activity alone is asked for; None for all."""
        client_id = request.query_params.get("app", "")
        return await self.clients.client(client_id) if client_id else None

    async def export(self, request: Request) -> Response:
        """The same as CSV."""
        visit = await self.desk.visit(request)
        found = await self.accesses.accesses_of(visit.required().user.id, limit=_MOST_EXPORTED)
        lines = await self._lines([access for _, access in found])
        headers = {**NO_STORE, "content-disposition": 'attachment; filename="activity.csv"'}
        text = csv_text([_COLUMNS, *map(_row, lines)])
        return Response(text, media_type="text/csv", headers=headers)

    async def _lines(self, accesses: Sequence[Access]) -> Sequence[Line]:
        names: dict[str, str] = {}
        for client_id in {access.client_id for access in accesses}:
            client = await self.clients.client(client_id)
            names[client_id] = client.name if client else "An application that is gone"
        return [
            Line(
                access,
                names[access.client_id],
                _DID[access.action],
                " · ".join(filter(None, (access.variable, access.category))),
            )
            for access in accesses
        ]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _row(line: Line) -> Sequence[object]:
    one = line.access
    return (
        csv_cell(line.app),
        line.did,
        csv_cell(line.what or "everything"),
        one.measurements,
        one.requests,
        one.first_at.isoformat(),
        one.last_at.isoformat(),
    )
