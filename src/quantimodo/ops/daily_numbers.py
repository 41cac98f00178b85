"""Statistics by day or by hour: sign-ins, accounts, consents, tokens, refusals.

Owns from which events and counters each number is computed. Days and hours are those of UTC.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from quantimodo.model.server_counts import CountName
from quantimodo.model.texts import N_
from quantimodo.ops.breakdowns import Span
from quantimodo.ports.admin_stores import LogStore
from quantimodo.ports.client_log_store import ClientLogStore
from quantimodo.ports.server_count_store import ServerCountStore

KEPT_OF_CLIENTS: Final = 40
"""For how many days the numbers of applications are kept."""
OF_CLIENTS: Final = ("tokens", "refusals")
"""The series that are counted for each application."""
TITLES: Final[Mapping[str, str]] = {
    "sign-ins": N_("Sign-ins"),
    "refused-sign-ins": N_("Refused sign-ins"),
    "accounts": N_("New accounts"),
    "consents": N_("Given consents"),
    "replays": N_("Codes and tokens that were used twice"),
    "tokens": N_("Token responses"),
    "refusals": N_("Refused requests"),
}
"""Each series, and what pages call it."""
_KINDS: Final[Mapping[str, frozenset[str]]] = {
    "sign-ins": frozenset({"session.started"}),
    "refused-sign-ins": frozenset(
        {"session.refused", "second_factor.refused", "passkey.refused", "identity.refused"}
    ),
    "accounts": frozenset({"account.created"}),
    "consents": frozenset({"consent.given"}),
    "replays": frozenset({"token.replayed", "login_code.replayed"}),
}

_COUNTED: Final[Mapping[str, CountName]] = {"tokens": "tokens", "refusals": "app-refusals"}
"""The counts that make the hours of the series `OF_CLIENTS`."""


@dataclass(frozen=True, slots=True)
class Period:
    """An hour, a day or a week with the number of each series. `first` is the beginning of the
    hour, or the first day."""

    first: date
    numbers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DailyNumbers:
    logs: LogStore
    clients: ClientLogStore
    counts: ServerCountStore

    async def until(self, today: date, days: int) -> Sequence[Period]:
        """Each of the last `days` days, the oldest first, with 0 where nothing was counted. The
        series `OF_CLIENTS` are 0 before the days that are kept."""
        first = today - timedelta(days=days - 1)
        by_day = {
            first + timedelta(days=number): dict.fromkeys(TITLES, 0) for number in range(days)
        }
        for count in await self.logs.count_events(datetime.combine(first, time(), UTC)):
            for name, kinds in _KINDS.items():
                if count.kind in kinds and count.day in by_day:
                    by_day[count.day][name] += count.number
        for sums in await self.clients.days_of_all_clients(first):
            if sums.day in by_day:
                by_day[sums.day].update(tokens=sums.tokens, refusals=sums.refusals)
        return [Period(day, numbers) for day, numbers in by_day.items()]

    async def hours_until(self, now: datetime, hours: int) -> Sequence[Period]:
        """Each of the last `hours` hours, the oldest first, with 0 where nothing was counted."""
        begins = Span("hour", hours).begins(now)
        by_hour = {begin: dict.fromkeys(TITLES, 0) for begin in begins}
        for count in await self.logs.count_events_by_hour(begins[0]):
            for name, kinds in _KINDS.items():
                if count.kind in kinds and count.at in by_hour:
                    by_hour[count.at][name] += count.number
        for name, counted in _COUNTED.items():
            for sums in await self.counts.counts(counted, "hour", begins[0]):
                if sums.at in by_hour:
                    by_hour[sums.at][name] += sums.number
        return [Period(begin, numbers) for begin, numbers in by_hour.items()]


def by_week(days: Sequence[Period]) -> Sequence[Period]:
    """Each seven days as one period. Their number is a multiple of seven."""
    weeks = (days[start : start + 7] for start in range(0, len(days), 7))
    return [
        Period(week[0].first, {name: sum(day.numbers[name] for day in week) for name in TITLES})
        for week in weeks
    ]
