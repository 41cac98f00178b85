"""The stores of the administration. The promises of `stores.py` hold here too."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from quantimodo.model.admin_actions import (
    AdminAction,
    Authority,
    DayCount,
    HourCount,
    LoggedAction,
    LoggedEvent,
    LogQuery,
)
from quantimodo.model.users import User

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a search. A page may be short, or empty, although more rows follow: one search
    reads a limited number of rows. `next_before` continues it; None at the end."""

    items: Sequence[T]
    next_before: int | None


class LogStore(Protocol):
    async def search_events(self, query: LogQuery, limit: int) -> Page[LoggedEvent]:
        """At most `limit` events, newest first. Of very many events it reads a part."""

    async def search_admin_actions(self, query: LogQuery, limit: int) -> Page[LoggedAction]:
        """The actions, newest first; as `search_events`."""

    async def count_events(self, since: datetime) -> Sequence[DayCount]:
        """How many events of each kind there were on each day since then, by day. Of very many
        events it counts the newest ones: the first day may have too few."""

    async def count_events_by_hour(self, since: datetime) -> Sequence[HourCount]:
        """How many events of each kind there were in each hour since then, as `count_events`."""

    async def add_admin_action(self, action: AdminAction) -> None:
        """Store the action; it is on disk when this returns."""


class PeopleSearchStore(Protocol):
    async def search_people(self, text: str, before: int | None, limit: int) -> Page[User]:
        """People whose name, or address, begins with this text, the newest first. The case of
        ASCII characters does not matter. An empty text matches everyone."""

    async def administrators(self, limit: int) -> Sequence[User]:
        """At most `limit` administrators, by id."""

    async def remove_administrator(self, user_id: int) -> bool:
        """Take the role away from this administrator, if another one stays who is neither disabled
        nor closed; of concurrent calls none removes the last one. False otherwise."""


class AdminLog(Protocol):
    """Records actions before they are done, so that none is done without a record."""

    async def record(
        self,
        by: Authority,
        kind: str,
        *,
        user_id: int | None = None,
        client_id: str | None = None,
        detail: str = "",
    ) -> None:
        """Store the record; it is on disk when this returns."""
