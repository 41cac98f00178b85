"""The log of an application: its refused requests, and what it did day by day."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRefusal:
    """A refused request. `code` is that of the table of refusals; `incident` is the number that the
    page and the server's log have; `received` is the shape of the request, in fixed words."""

    client_id: str
    at: datetime
    endpoint: str
    code: str
    incident: str
    received: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDay:
    """Token responses and refused requests of one day (UTC)."""

    client_id: str
    day: date
    tokens: int = 0
    refusals: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientUsage:
    """Requests to one endpoint on one day (UTC): without a `code` all of them, with one those that
    were refused by it."""

    client_id: str
    day: date
    endpoint: str
    code: str = ""
    number: int


class DaySums(NamedTuple):
    """Token responses and refused requests of one day (UTC), of all applications together."""

    day: date
    tokens: int
    refusals: int
