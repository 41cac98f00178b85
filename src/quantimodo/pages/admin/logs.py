"""/admin/logs: the audit trail and the record of actions, with filters, and as files."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from quantimodo.measurements.csv_export import csv_cell, csv_text
from quantimodo.model.admin_actions import LoggedAction, LoggedEvent, LogQuery
from quantimodo.model.users import fold_email
from quantimodo.pages.account.audit_messages import sentence
from quantimodo.pages.admin.frame import ADMIN, AdminFrame
from quantimodo.pages.forms import row_id
from quantimodo.pages.page_context import Endpoint
from quantimodo.pages.renderer import NO_STORE
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.admin_stores import LogStore, Page

LOGS: Final = f"{ADMIN}/logs"
_SHOWN: Final = 50
_AT_ONCE: Final = 500
_LONGEST: Final = 300
_UNKNOWN: Final = -1  # a number that no person has
_COLUMNS: Final = (
    "id",
    "at",
    "kind",
    "actor_id",
    "user_id",
    "client_id",
    "address",
    "detail",
    "reason",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """An entry of either log. `actor_id` is the administrator, None for a command; `by_operator`:
    it is an entry of the record of actions. `text` is the sentence of an event."""

    id: int
    at: datetime
    kind: str
    user_id: int | None
    client_id: str | None
    address: str
    detail: str
    actor_id: int | None = None
    reason: str = ""
    by_operator: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class AdminLogs:
    frame: AdminFrame
    logs: LogStore
    users: UserStore

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [(("GET",), LOGS, self.show), (("GET",), f"{LOGS}/export", self.export)]

    async def show(self, request: Request) -> Response:
        """GET /admin/logs."""
        browser_request = await self.frame.visit(request)
        filters = _filters(request)
        page = await self._search(filters, await self._query(filters), _SHOWN)
        named = {name: value for name, value in filters.items() if value}
        older = None
        if page.next_before is not None:
            older = f"{LOGS}?{urlencode({**named, 'before': page.next_before})}"
        return self.frame.show(
            request,
            browser_request,
            "admin_logs.html",
            section="admin-logs",
            filters=filters,
            lines=page.items,
            older=older,
            export=f"{LOGS}/export?{urlencode(named)}",
        )

    async def export(self, request: Request) -> Response:
        """GET /admin/logs/export: all that matches, as CSV or with `?format=jsonl` as one JSON
        object a line; streamed."""
        await self.frame.visit(request, recent=True)
        filters = _filters(request)
        query = await self._query(filters)
        as_json = request.query_params.get("format") == "jsonl"
        written: Callable[[LogLine], bytes] = _json_line if as_json else _csv_line

        async def chunks() -> AsyncIterator[bytes]:
            if not as_json:
                yield csv_text([_COLUMNS])
            before = query.before
            while True:
                page = await self._search(filters, replace(query, before=before), _AT_ONCE)
                yield b"".join(map(written, page.items))
                if page.next_before is None:
                    return
                before = page.next_before
                await asyncio.sleep(0)  # yield to other requests

        name = "log.jsonl" if as_json else "log.csv"
        headers = {**NO_STORE, "content-disposition": f'attachment; filename="{name}"'}
        kind = "application/jsonl" if as_json else "text/csv"
        return StreamingResponse(chunks(), media_type=kind, headers=headers)

    async def _search(
        self, filters: Mapping[str, str], query: LogQuery, limit: int
    ) -> Page[LogLine]:
        if filters["log"] == "actions":
            actions = await self.logs.search_admin_actions(query, limit)
            return Page([_line_of_action(each) for each in actions.items], actions.next_before)
        events = await self.logs.search_events(query, limit)
        return Page([_line_of_event(each) for each in events.items], events.next_before)

    async def _query(self, filters: Mapping[str, str]) -> LogQuery:
        since, until = _day(filters["since"]), _day(filters["until"])
        return LogQuery(
            kind=filters["kind"],
            user_id=await self._user_id(filters["person"]),
            client_id=filters["app"],
            since=since,
            until=None if until is None else until + timedelta(days=1),
            before=row_id(filters["before"]) or None,
        )

    async def _user_id(self, text: str) -> int | None:
        """The person of a filter by number or address; a number that no person has, if unknown."""
        if not text:
            return None
        if "@" not in text:
            return row_id(text) or _UNKNOWN
        user = await self.users.user_by_email(fold_email(text))
        return _UNKNOWN if user is None else user.id


def _filters(request: Request) -> Mapping[str, str]:
    """The filters of a request; one that is no plain text counts as empty."""
    names = ("log", "kind", "person", "app", "since", "until", "before")
    given = {name: request.query_params.get(name, "").strip()[:_LONGEST] for name in names}
    return {name: text if text.isprintable() else "" for name, text in given.items()}


def _day(text: str) -> datetime | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime.combine(day, time(), UTC) if 1970 < day.year < 9999 else None


def _line_of_event(logged: LoggedEvent) -> LogLine:
    event = logged.event
    return LogLine(
        id=logged.id,
        at=event.at,
        kind=event.kind,
        user_id=event.user_id,
        client_id=event.client_id,
        address=event.address,
        detail=event.detail,
        text=sentence(event),
    )


def _line_of_action(logged: LoggedAction) -> LogLine:
    action = logged.action
    return LogLine(
        id=logged.id,
        at=action.at,
        kind=action.kind,
        user_id=action.user_id,
        client_id=action.client_id,
        address=action.address,
        detail=action.detail,
        actor_id=action.actor_id,
        reason=action.reason,
        by_operator=True,
    )


def _fields(line: LogLine) -> dict[str, object]:
    values = {name: getattr(line, name) for name in _COLUMNS}
    return {**values, "at": line.at.isoformat()}


def _json_line(line: LogLine) -> bytes:
    return msgspec.json.encode(_fields(line)) + b"\n"


def _csv_line(line: LogLine) -> bytes:
    values = _fields(line).values()
    return csv_text([[csv_cell(each) if isinstance(each, str) else each for each in values]])
