"""/account/activity: which applications read or wrote the person's measurements, and when."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from quantimodo.accounts.profiles import Profiles
from quantimodo.i18n.translation import translated
from quantimodo.measurements.csv_export import BYTE_ORDER_MARK, csv_cell, csv_text
from quantimodo.model.clients import Client
from quantimodo.model.measurements import Access
from quantimodo.model.texts import N_
from quantimodo.pages.layout import NO_STORE
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.timestamps import in_zone, zone_named
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.measurements import AccessLogStore

_PAGE: Final = 50
_WEEK: Final = timedelta(days=7)
_SUMMED: Final = 500  # the most lines of the log that a summary reads
_AT_ONCE: Final = 500  # lines of an export
_DID: Final = {"read": N_("Read"), "write": N_("Recorded or changed"), "delete": N_("Deleted")}
_KEPT_DAYS: Final = 400
_COLUMNS: Final = (
    "Application",
    "Did",
    "What",
    "Measurements",
    "Requests",
    "First",
    "Last",
)


@dataclass(frozen=True, slots=True)
class ActivityLine:
    """One line of the log. `what` is empty for everything."""

    access: Access
    app: str
    did: str
    what: str
    last_at: datetime


@dataclass(frozen=True, slots=True)
class WeeklySum:
    """What one application did in the last seven days, in one way. `partial`: at least that much,
    because the log has more lines than a summary reads."""

    app: str
    did: str
    measurements: int
    requests: int
    partial: bool


@dataclass(frozen=True, slots=True)
class Activity:
    page_context: PageContext
    accesses: AccessLogStore
    clients: ClientStore
    profiles: Profiles

    async def show(self, request: Request) -> Response:
        browser_request = await self.page_context.browser_request(request)
        user = browser_request.required().user
        app = await self._filter_client(request)
        found = await self.accesses.accesses_of(
            user.id,
            client_id=None if app is None else app.id,
            before=_number(request.query_params.get("before", "")),
            limit=_PAGE + 1,
        )
        page, names = found[:_PAGE], dict[str, str]()
        zone = zone_named((await self.profiles.of(user)).zoneinfo)
        return self.page_context.show(
            request,
            browser_request,
            "account_activity.html",
            section="account-activity",
            lines=await self._lines([access for _, access in page], names, zone),
            older=page[-1][0] if len(found) > _PAGE else None,
            kept_days=_KEPT_DAYS,
            app=app,
            week=[] if app else await self._week(user.id, names),
        )

    async def _week(self, user_id: int, names: dict[str, str]) -> Sequence[WeeklySum]:
        """By application; of at most `_SUMMED` lines of the log."""
        since = self.page_context.clock.now() - _WEEK
        found = await self.accesses.accesses_of(user_id, limit=_SUMMED)
        recent = [access for _, access in found if access.last_at > since]
        sums = dict[tuple[str, str], list[int]]()
        for line in await self._lines(recent, names):
            total = sums.setdefault((line.app, line.did), [0, 0])
            total[0] += line.access.measurements
            total[1] += line.access.requests
        return [
            WeeklySum(app, did, total[0], total[1], len(recent) == _SUMMED)
            for (app, did), total in sorted(sums.items())
        ]

    async def _filter_client(self, request: Request) -> Client | None:
        """The application that the list is filtered by; None for all."""
        client_id = request.query_params.get("app", "")
        return await self.clients.client(client_id) if client_id else None

    async def export(self, request: Request) -> Response:
        """The whole log as CSV, streamed; `?bom=true` for Excel. Times are in UTC."""
        browser_request = await self.page_context.browser_request(request)
        mark = BYTE_ORDER_MARK if request.query_params.get("bom") == "true" else b""
        user, names = browser_request.required().user, dict[str, str]()

        async def csv_chunks() -> AsyncIterator[bytes]:
            yield mark + csv_text([_COLUMNS])
            before: int | None = None
            while True:
                found = await self.accesses.accesses_of(user.id, before=before, limit=_AT_ONCE)
                lines = await self._lines([access for _, access in found], names)
                yield csv_text(map(_row, lines))
                if len(found) < _AT_ONCE:
                    return
                before = found[-1][0]
                await asyncio.sleep(0)  # yield to other requests

        headers = {**NO_STORE, "content-disposition": 'attachment; filename="activity.csv"'}
        return StreamingResponse(csv_chunks(), media_type="text/csv", headers=headers)

    async def _lines(
        self, accesses: Sequence[Access], names: dict[str, str], zone: tzinfo = UTC
    ) -> Sequence[ActivityLine]:
        """`names` caches names of applications; missing ones are added."""
        for client_id in {access.client_id for access in accesses} - names.keys():
            client = await self.clients.client(client_id)
            names[client_id] = (
                client.name if client else translated(N_("An application that is gone"))
            )
        return [
            ActivityLine(
                access,
                names[access.client_id],
                _DID[access.action],
                " · ".join(filter(None, (access.variable, access.category))),
                in_zone(access.last_at, zone),
            )
            for access in accesses
        ]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _row(line: ActivityLine) -> Sequence[object]:
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
