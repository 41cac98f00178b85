"""The requests of an application by endpoint and day. Pure, except for the language."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from quantimodo.i18n.formats import short_day
from quantimodo.model.client_log import ClientUsage
from quantimodo.model.texts import N_
from quantimodo.pages.axis_charts import AxisLines, axis_lines
from quantimodo.protocol.endpoints import LOGGED
from quantimodo.protocol.refusals import guide_path, row_of

_OF_RESOURCES: Final = "/guides/developer/errors/#at-a-resource"


@dataclass(frozen=True, slots=True)
class RefusalCount:
    """How often requests were refused by a code; `guide` is empty for a code without one."""

    code: str
    number: int
    guide: str


@dataclass(slots=True)
class EndpointDay:
    """The requests of one day, and how many of them were refused."""

    day: date
    requests: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class EndpointUsage:
    """The requests to one endpoint on each day, the oldest first."""

    name: str
    days: Sequence[EndpointDay]
    by_code: Counter[str] = field(default_factory=Counter)

    @property
    def requests(self) -> int:
        """The sum of all days."""
        return sum(each.requests for each in self.days)

    @property
    def refused(self) -> int:
        """The refused requests of all days."""
        return sum(each.refused for each in self.days)

    @property
    def share(self) -> float:
        """How many of a hundred requests were refused."""
        return min(100.0, round(100 * self.refused / max(1, self.requests), 1))

    @property
    def codes(self) -> Sequence[RefusalCount]:
        """The most frequent codes first."""
        counts = []
        for code, number in sorted(self.by_code.items(), key=lambda item: (-item[1], item[0])):
            row, guide = row_of(code), "" if self.name in LOGGED else _OF_RESOURCES
            counts.append(RefusalCount(code, number, guide if row is None else guide_path(row)))
        return counts


@dataclass(frozen=True, slots=True)
class EndpointPlot:
    """The lines of the requests and of the refused ones; `legend` has their sums."""

    chart: AxisLines
    dates: Sequence[str]
    legend: Sequence[tuple[str, float]]


def by_endpoint(
    usage: Sequence[ClientUsage], first: date, days: int
) -> Mapping[str, EndpointUsage]:
    """The usage of each endpoint on the days from `first` on, the busiest endpoint first."""
    usages: dict[str, EndpointUsage] = {}
    for each in usage:
        place = (each.day - first).days
        if not 0 <= place < days:
            continue
        if each.endpoint not in usages:
            empty = [EndpointDay(first + timedelta(days=number)) for number in range(days)]
            usages[each.endpoint] = EndpointUsage(each.endpoint, empty)
        one = usages[each.endpoint]
        if each.code:
            one.days[place].refused += each.number
            one.by_code[each.code] += each.number
        else:
            one.days[place].requests += each.number
    order = sorted(usages.values(), key=lambda one: (-one.requests, one.name))
    return {one.name: one for one in order}


def endpoint_plot(one: EndpointUsage) -> EndpointPlot | None:
    """The chart of one endpoint; None without a request."""
    requests: Sequence[float | None] = [float(each.requests) for each in one.days]
    refused: Sequence[float | None] = [float(each.refused) for each in one.days]
    chart = axis_lines([requests, refused])
    if chart is None:
        return None
    days = one.days
    dates = [short_day(each.day, year=False) for each in (days[0], days[len(days) // 2], days[-1])]
    legend = [(N_("Requests"), one.requests), (N_("Refused"), one.refused)]
    return EndpointPlot(chart, dates, legend)
