"""What administrators and commands of the operator did for others, and why."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple

from quantimodo.model.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Who acts, and why. `actor_id` is the administrator; None for a command of the operator.
    `address` is the network address of the request."""

    reason: str = ""
    actor_id: int | None = None
    address: str = ""


BY_COMMAND: Final = Authority()


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminAction:
    """One action; `kind` is a dotted name such as `person.disable`."""

    at: datetime
    kind: str
    actor_id: int | None = None
    user_id: int | None = None
    client_id: str | None = None
    detail: str = ""
    reason: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """Which entries of a log are searched. Empty values match all; `kind` matches the beginning of
    a kind. `before` is the `next_before` of the previous page."""

    kind: str = ""
    user_id: int | None = None
    client_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


class HourCount(NamedTuple):
    """How many events of one kind there were in the hour that begins `at` (UTC)."""

    at: datetime
    kind: str
    number: int


class DayCount(NamedTuple):
    """How many events of one kind there were on one day (UTC)."""

    day: date
    kind: str
    number: int


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    id: int
    event: Event


@dataclass(frozen=True, slots=True)
class LoggedAction:
    id: int
    action: AdminAction
