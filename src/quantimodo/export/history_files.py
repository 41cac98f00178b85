"""The files of an export about the history: reads and writes of applications, and events of the
account."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from quantimodo.export.parts import FileDescription, Part, csv_lines, iso_time
from quantimodo.measurements.read_limits import ReadLimits
from quantimodo.model.events import Event
from quantimodo.model.measurements import Access
from quantimodo.model.personal_tokens import name_of_token
from quantimodo.model.texts import N_
from quantimodo.model.users import User
from quantimodo.ports.background_stores import EventStore
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.measurement_stores import AccessLogStore

_ACTIVITY: Final = "history/activity.csv"
_EVENTS: Final = "history/events.csv"
_PAGE: Final = 500
_ACTIVITY_COLUMNS: Final = (
    ("Application Id", N_("the id of the application")),
    ("Application", N_("its name, or that of a personal token; empty if it is deleted")),
    (
        "Action",
        N_(
            "read, write, delete, profile for a read of the profile, or exchange for a token of"
            " another API"
        ),
    ),
    ("Variable", N_("the variable that it requested, or the other API; empty for all")),
    (
        "Category",
        N_(
            "the category that it requested, or the id of the application that acts at the other"
            " API with its access; empty for all"
        ),
    ),
    ("Measurements", N_("their number")),
    ("Requests", N_("their number")),
    ("First", N_("the first request, ISO 8601 in UTC")),
    ("Last", N_("the last request, ISO 8601 in UTC")),
)
_EVENT_COLUMNS: Final = (
    ("Time", N_("ISO 8601, in UTC")),
    ("Event", N_("its kind, such as session.started")),
    ("Application Id", N_("the id of the application, if there is one")),
    ("Address", N_("the network address of the browser, if known")),
    ("Detail", N_("a short text")),
)
_DESCRIPTIONS: Final = (
    FileDescription(
        _ACTIVITY,
        N_(
            "Which applications read or changed your data, newest first. Equal requests within an"
            " hour are one row."
        ),
        _ACTIVITY_COLUMNS,
    ),
    FileDescription(_EVENTS, N_("What happened to your account, newest first."), _EVENT_COLUMNS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFiles:
    """Each page is one read of the person's, with its deadline (`measurements/read_limits.py`).
    Implements `FileSource`."""

    accesses: AccessLogStore
    events: EventStore
    clients: ClientStore
    reads: ReadLimits

    @property
    def descriptions(self) -> Sequence[FileDescription]:
        return _DESCRIPTIONS

    async def parts(self, user: User) -> AsyncGenerator[Part, None]:
        async for part in self._activity(user):
            yield part
        async for part in self._account_events(user):
            yield part

    async def _activity(self, user: User) -> AsyncGenerator[Part, None]:
        yield Part(_ACTIVITY, csv_lines([[name for name, _ in _ACTIVITY_COLUMNS]]))
        names, before = dict[str, str](), None
        while True:
            async with self.reads.place(user.id):
                page = await self.accesses.accesses_of(user.id, before=before, limit=_PAGE)
            for client_id in {access.client_id for _, access in page} - names.keys():
                client = await self.clients.client(client_id)
                names[client_id] = client.name if client else name_of_token(client_id) or ""
            rows = [_access(access, names[access.client_id]) for _, access in page]
            yield Part(_ACTIVITY, csv_lines(rows))
            if len(page) < _PAGE:
                return
            before = page[-1][0]

    async def _account_events(self, user: User) -> AsyncGenerator[Part, None]:
        yield Part(_EVENTS, csv_lines([[name for name, _ in _EVENT_COLUMNS]]))
        before = None
        while True:
            async with self.reads.place(user.id):
                page = await self.events.events_before(user.id, before, _PAGE)
            yield Part(_EVENTS, csv_lines([_event(event) for _, event in page]))
            if len(page) < _PAGE:
                return
            before = page[-1][0]


def _access(access: Access, name: str) -> Sequence[Any]:
    return (
        access.client_id,
        name,
        access.action,
        access.variable,
        access.category,
        access.measurements,
        access.requests,
        iso_time(access.first_at),
        iso_time(access.last_at),
    )


def _event(event: Event) -> Sequence[Any]:
    return (iso_time(event.at), event.kind, event.client_id or "", event.address, event.detail)
