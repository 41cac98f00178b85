"""What people measure: units, variables, measurements, and which apps read or wrote them.

Times are whole microseconds since 1970 (UTC), as integers: there are thousands of them in one
request, and on the wire they are numbers too.
"""

from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Literal, NamedTuple

Micros = int
Combination = Literal["MEAN", "SUM"]


# -------------------------------------------------------------------------------- reference data


@dataclass(frozen=True, slots=True)
class UnitCategory:
    """Units of one category measure the same thing, and convert into each other."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class ConversionStep:
    """One step of the conversion to the category's base unit; exact, so 5/9 is a fraction."""

    operation: Literal["ADD", "MULTIPLY"]
    value: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit; `steps` convert it to the category's base unit, in order. Without them (None) it
    has no conversion. A bound that is None does not exist."""

    id: int
    name: str
    abbreviated_name: str
    category: UnitCategory
    minimum: float | None = None
    maximum: float | None = None
    steps: tuple[ConversionStep, ...] | None = ()


@dataclass(frozen=True, slots=True)
class VariableCategory:
    id: int
    name: str


# ------------------------------------------------------------------------------ people's own data


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVariable:
    """A variable to be made with its first measurement."""

    name: str
    category_id: int
    unit_id: int
    combination: Combination


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One thing that one person measures. Its unit never changes."""

    id: int
    user_id: int
    name: str
    category_id: int
    unit_id: int
    combination: Combination
    created_at: Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableSummary:
    """A variable with a summary of its measurements; `earliest`, `latest` and the last value are
    None without measurements."""

    variable: Variable
    number: int
    earliest: Micros | None
    latest: Micros | None
    last_value: float | None


class Entry(NamedTuple):
    """A measurement to store. `value` is in the variable's unit, `stored_value` as received."""

    start: Micros
    value: float
    stored_value: float
    stored_unit_id: int
    note: str


@dataclass(frozen=True, slots=True)
class EntrySet:
    """Entries of one variable from one source, each start time once."""

    variable: Variable | NewVariable
    source: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A stored measurement. `value` is in `unit_id`, the variable's unit."""

    id: int
    user_id: int
    variable_id: int
    variable: str
    category_id: int
    combination: Combination
    source: str
    start: Micros
    value: float
    unit_id: int
    stored_value: float
    stored_unit_id: int
    note: str
    created_at: Micros
    updated_at: Micros


# ---------------------------------------------------------------------------------------- grouping


class SpanRule(NamedTuple):
    """Between `first` and `last`, spans begin at `begins` and each `width` after it, while time
    runs from `first` on: the span of `at` begins at `begins + (at - first) // width * width`."""

    first: Micros
    last: Micros
    begins: Micros
    width: Micros


class GroupKey(NamedTuple):
    """The place of a group in the order of groups."""

    begins: Micros
    variable: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementGroup:
    """The measurements of one variable in one span; `source` is None where they differ.
    `earliest` and `latest` are the first and the last start time."""

    begins: Micros
    variable_id: int
    variable: str
    number: int
    source: str | None
    created_at: Micros
    updated_at: Micros
    earliest: Micros
    latest: Micros


class GroupedValue(NamedTuple):
    """A measurement as far as the value of its group needs it."""

    id: int
    start: Micros
    variable_id: int
    value: float


# ---------------------------------------------------------------------------------------- choosing

Field = Literal["variable", "category", "source", "value", "start", "created", "updated"]
SortKey = Literal["start", "value", "created", "updated", "variable", "source", "id"]
Operator = Literal["is", "above", "from", "below", "until", "begins", "ends", "contains"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`unit_id`: it applies to variables in that unit only."""

    operator: Operator
    operand: str | int | float
    unit_id: int | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """One of the comparisons holds for `field`; `negated`: none of them does."""

    field: Field
    comparisons: tuple[Comparison, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """By `key`, then by id; reversed when `descending`."""

    key: SortKey = "start"
    descending: bool = False


@dataclass(frozen=True, slots=True)
class AllowedRule:
    """Measurements of these categories and variables, of all for None, that start at `since` or
    later, and within the last `window`."""

    category_ids: tuple[int, ...] | None = None
    variables: tuple[str, ...] | None = None
    since: Micros | None = None
    window: Micros | None = None

    def holds_for(self, category_id: int, variable: str) -> bool:
        """Whether the rule is about this variable of this category, at any time."""
        of_category = self.category_ids is None or category_id in self.category_ids
        return of_category and (self.variables is None or variable in self.variables)


@dataclass(frozen=True, slots=True)
class AllowedMeasurements:
    """The measurements that a consent allows: those that one of the rules allows. Others look as
    if they did not exist. `now` is no part of equality: the pages of one list have equal values."""

    rules: tuple[AllowedRule, ...]
    now: Micros = field(compare=False)

    def starts_at(self, rule: AllowedRule) -> Micros | None:
        """The earliest start time that a rule allows; None without a limit."""
        starts = [] if rule.since is None else [rule.since]
        if rule.window is not None:
            starts.append(self.now - rule.window)
        return max(starts, default=None)

    def allows_variable(self, category_id: int, variable: str) -> bool:
        """Whether some measurement of this variable could be allowed."""
        return any(rule.holds_for(category_id, variable) for rule in self.rules)

    def allows(self, category_id: int, variable: str, start: Micros) -> bool:
        """Whether a measurement of this variable that begins at `start` is allowed now."""
        return any(
            rule.holds_for(category_id, variable)
            and ((earliest := self.starts_at(rule)) is None or start >= earliest)
            for rule in self.rules
        )


Filters = tuple[Filter | AllowedMeasurements, ...]  # all of them hold
QueryFilters = tuple[Filter, ...]  # those of a request


# -------------------------------------------------------------------------------------- access log


AccessAction = Literal["read", "write", "delete", "profile", "exchange"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """An app read or wrote a person's measurements, read the profile, or acted for the person at
    another API: `requests` times between `first_at` and `last_at`, which are in one hour.

    `variable` and `category` are what it requested, empty for all; `measurements` is the number
    that it read or changed. Of a token exchange (RFC 8693), `client_id` is the app that the person
    allowed, `variable` the identifier of the API, and `category` the id of the client that acts
    with the access of the app, empty for the app itself.
    """

    user_id: int
    client_id: str
    action: AccessAction
    first_at: datetime
    last_at: datetime
    variable: str = ""
    category: str = ""
    measurements: int = 0
    requests: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSum:
    """What one app did in one way over some time."""

    client_id: str
    action: AccessAction
    measurements: int
    requests: int
    last_at: datetime
