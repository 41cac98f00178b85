"""/account/activity: which applications read or wrote the person's data or acted for them at other
APIs, and when."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import groupby
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from quantimodo.accounts.profiles import Profiles
from quantimodo.i18n.client_texts import client_name
from quantimodo.i18n.translation import translated
from quantimodo.measurements.csv_export import BYTE_ORDER_MARK, csv_cell, csv_text
from quantimodo.model.clients import Client
from quantimodo.model.measurements import Access, AccessSum
from quantimodo.model.personal_tokens import name_of_token
from quantimodo.model.texts import N_
from quantimodo.pages.authorization.resource_texts import api_names
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.renderer import NO_STORE
from quantimodo.pages.timestamps import in_zone, zone_named
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.grant_stores import AuthorizationStore
from quantimodo.ports.measurement_stores import AccessLogStore
from quantimodo.ports.resource_store import ResourceStore

_PAGE: Final = 50
_WEEK: Final = timedelta(days=7)
_AT_ONCE: Final = 500  # lines of an export
_DID: Final = {
    "read": N_("Read"),
    "write": N_("Recorded or changed"),
    "delete": N_("Deleted"),
    "profile": N_("Read your profile"),
    "exchange": N_("Acted for you at another API"),
}
_GONE: Final = N_("A deleted application")
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
    """One line of the log. `what` is empty for everything. `by`: the client that acted with the
    access of the application, empty if it is the application itself."""

    access: Access
    app: str
    did: str
    what: str
    by: str
    last_at: datetime


@dataclass(frozen=True, slots=True)
class ActivityDay:
    """The lines of one day in the person's time zone."""

    day: date
    lines: Sequence[ActivityLine]


@dataclass(frozen=True, slots=True)
class ActivityTile:
    """What one application did in the last seven days. `client` is None for a deleted application,
    and for a personal token."""

    app: str
    client: Client | None
    has_logo: bool
    sums: Sequence[AccessSum]
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Activity:
    page_context: PageContext
    accesses: AccessLogStore
    clients: ClientStore
    consents: AuthorizationStore
    profiles: Profiles
    resources: ResourceStore

    async def show(self, request: Request) -> Response:
        """GET /account/activity, of one application with `?app=` and of one day with `?day=`."""
        browser_request = await self.page_context.browser_request(request)
        user = browser_request.required().user
        app = await self._filter_client(request)
        zone = zone_named((await self.profiles.of(user)).zoneinfo)
        day = _day(request.query_params.get("day", ""))
        found = await self.accesses.accesses_of(
            user.id,
            client_id=None if app is None else app.id,
            between=None if day is None else _bounds(day, zone),
            before=_number(request.query_params.get("before", "")),
            limit=_PAGE + 1,
        )
        page, names = found[:_PAGE], dict[str, str]()
        lines = await self._lines([access for _, access in page], names, zone)
        tiles = await self._tiles(user.id)
        filters = {"app": app.id if app else "", "day": day.isoformat() if day else ""}
        return self.page_context.show(
            request,
            browser_request,
            "account_activity.html",
            section="account-activity",
            days=_by_day(lines),
            older=_older(filters, page[-1][0]) if len(found) > _PAGE else None,
            kept_days=_KEPT_DAYS,
            app=app,
            day=day,
            apps=await self._apps(user.id, app, tiles),
            tiles=[] if app or day else tiles,
        )

    async def _tiles(self, user_id: int) -> Sequence[ActivityTile]:
        """The last seven days, by application."""
        since = self.page_context.clock.now() - _WEEK
        sums = dict[str, list[AccessSum]]()
        for one in await self.accesses.sums_of_accesses(user_id, since):
            sums.setdefault(one.client_id, []).append(one)
        tiles = []
        for client_id, of_client in sums.items():
            client = await self.clients.client(client_id)
            name = _name(client, client_id)
            has_logo = client is not None and await self.clients.logo(client_id) is not None
            last_at = max(each.last_at for each in of_client)
            tiles.append(ActivityTile(name, client, has_logo, of_client, last_at))
        return sorted(tiles, key=lambda tile: tile.last_at, reverse=True)

    async def _apps(
        self, user_id: int, app: Client | None, tiles: Sequence[ActivityTile]
    ) -> Sequence[Client]:
        """The applications of the filter: those with access now, and those that were active in the
        last seven days."""
        found = {each.client.id: each.client for each in tiles if each.client is not None}
        for consent in await self.consents.consents_of(user_id):
            client = found.get(consent.client_id) or await self.clients.client(consent.client_id)
            if client is not None:
                found[client.id] = client
        if app is not None:
            found[app.id] = app
        return sorted(found.values(), key=lambda client: client_name(client).casefold())

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
        exchanges = [access for access in accesses if access.action == "exchange"]
        actors = {access.category for access in exchanges if access.category}
        for client_id in ({access.client_id for access in accesses} | actors) - names.keys():
            client = await self.clients.client(client_id)
            names[client_id] = _name(client, client_id)
        apis = await api_names(self.resources, exchanges)
        return [_line(access, names, apis, in_zone(access.last_at, zone)) for access in accesses]


def _line(
    access: Access, names: Mapping[str, str], apis: Mapping[str, str], last_at: datetime
) -> ActivityLine:
    app, did = names[access.client_id], _DID[access.action]
    if access.action == "exchange":
        by = names[access.category] if access.category else ""
        return ActivityLine(access, app, did, apis[access.variable], by, last_at)
    subject = " · ".join(filter(None, (access.variable, access.category)))
    return ActivityLine(access, app, did, subject, "", last_at)


def _name(client: Client | None, client_id: str) -> str:
    """The name of the application, or of the personal token."""
    if client is not None:
        return client_name(client)
    return name_of_token(client_id) or translated(_GONE)


def _by_day(lines: Sequence[ActivityLine]) -> Sequence[ActivityDay]:
    """The lines by day, newest first. A line of an earlier page may have changed since."""
    newest = sorted(lines, key=lambda line: line.last_at, reverse=True)
    return [
        ActivityDay(day, tuple(of_day))
        for day, of_day in groupby(newest, key=lambda line: line.last_at.date())
    ]


def _day(text: str) -> date | None:
    """The day of a filter; None for all days, and for a text that is no day of this log."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 < day.year < 9999 else None


def _bounds(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    start = datetime.combine(day, time(), zone)
    return start, datetime.combine(day + timedelta(days=1), time(), zone)


def _older(filters: Mapping[str, str], before: int) -> str:
    """The address of the next page, with the same filters."""
    named = {name: value for name, value in filters.items() if value}
    return f"/account/activity?{urlencode({**named, 'before': before})}"


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _what(line: ActivityLine) -> str:
    return f"{line.what} · {line.by}" if line.by else line.what or "everything"


def _row(line: ActivityLine) -> Sequence[object]:
    one = line.access
    return (
        csv_cell(line.app),
        line.did,
        "" if one.action == "profile" else csv_cell(_what(line)),
        one.measurements,
        one.requests,
        one.first_at.isoformat(),
        one.last_at.isoformat(),
    )
