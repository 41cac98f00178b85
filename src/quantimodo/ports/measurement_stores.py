"""The stores of measurements and of the access log.

The rules of `stores.py` hold here too. Every method that takes a `user_id` reads and writes only
that person's rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from quantimodo.model.consents import ConsentingPerson
from quantimodo.model.measurements import (
    Access,
    AccessSum,
    Entry,
    EntrySet,
    Filters,
    GroupedValue,
    GroupKey,
    Measurement,
    MeasurementGroup,
    Micros,
    Order,
    SpanRule,
    Unit,
    UnitCategory,
    Variable,
    VariableCategory,
    VariableSummary,
)

GROUPED_VALUES: Final = 250


class ReferenceStore(Protocol):
    """Data that a migration inserted; it does not change while a server runs."""

    async def units(self) -> Sequence[Unit]:
        """All units, by id."""

    async def unit_categories(self) -> Sequence[UnitCategory]:
        """All categories of units, by id."""

    async def variable_categories(self) -> Sequence[VariableCategory]:
        """All categories of variables, by id."""


class VariableStore(Protocol):
    async def variable(self, user_id: int, name: str) -> Variable | None:
        """The variable with exactly this name; None if there is none."""

    async def variables_named(self, user_id: int, names: Sequence[str]) -> Sequence[Variable]:
        """The variables with these names that exist."""

    async def summary(
        self, user_id: int, name: str, filters: Filters = ()
    ) -> VariableSummary | None:
        """The variable with the number, times and last value of its measurements; None if there is
        none, or the filters exclude it."""

    async def summaries(
        self,
        user_id: int,
        filters: Filters,
        *,
        descending: bool = False,
        offset: int = 0,
        limit: int = 100,
    ) -> Sequence[VariableSummary]:
        """One page of summaries, by name of the variable. The filters are of `variable` and
        `category`, and `AllowedMeasurements`, which restricts the summaries too."""

    async def count_variables(self, user_id: int, filters: Filters) -> int:
        """The number of variables that `summaries` would list in all."""

    async def delete_variable(self, user_id: int, name: str) -> bool:
        """Delete the variable with all its measurements, in batches when they are very many; False
        if there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPage:
    """A page of groups in the time of `rules`: after the group `after`, then after `offset` of
    them."""

    rules: Sequence[SpanRule]
    descending: bool
    limit: int
    offset: int = 0
    after: GroupKey | None = None


class MeasurementStore(Protocol):
    async def save_measurements(self, user_id: int, sets: Sequence[EntrySet], at: datetime) -> bool:
        """Add new measurements, update existing ones (same variable, source and start), and create
        missing variables: all or nothing.

        A row that would not change keeps its `updated_at`. False, and nothing stored, when a
        variable was changed, deleted or created meanwhile: the caller prepares the sets again.
        """

    async def measurement(
        self, user_id: int, measurement_id: int, filters: Filters = ()
    ) -> Measurement | None:
        """The measurement with this id; None if there is none, or the filters exclude it."""

    async def change_measurement(
        self,
        user_id: int,
        measurement_id: int,
        entry: Entry,
        at: datetime,
        filters: Filters = (),
    ) -> bool:
        """Change one measurement; False if there is none, or the filters exclude it. Raises
        `Conflict` when another measurement has the same variable, source and start."""

    async def delete_measurement(
        self, user_id: int, measurement_id: int, filters: Filters = ()
    ) -> bool:
        """Delete one measurement; False if there is none, or the filters exclude it."""

    async def measurements(
        self, user_id: int, filters: Filters, order: Order, *, offset: int = 0, limit: int = 100
    ) -> Sequence[Measurement]:
        """One page of the measurements that all filters allow, in this order."""

    async def measurements_after(
        self,
        user_id: int,
        filters: Filters,
        after: tuple[Micros, int] | None,
        limit: int,
        *,
        descending: bool = False,
    ) -> Sequence[Measurement]:
        """The measurements by start and id, after this (start, id): reads all of them in constant
        memory, also while others are written."""

    async def count_measurements(self, user_ids: Sequence[int], filters: Filters) -> dict[int, int]:
        """The number of each person's measurements; people without any are left out."""

    async def count_groups(self, user_id: int, filters: Filters, rules: Sequence[SpanRule]) -> int:
        """The number of groups (span, variable) in the time of the rules."""

    async def groups(
        self, user_id: int, filters: Filters, page: GroupPage
    ) -> Sequence[MeasurementGroup]:
        """One page of groups, by span and name of the variable."""

    async def values_of_groups(
        self,
        user_id: int,
        filters: Filters,
        groups: Sequence[MeasurementGroup],
        after: tuple[Micros, int] | None,
        *,
        descending: bool,
    ) -> Sequence[GroupedValue]:
        """At least those that belong to these groups, by start and id, after this (start, id), at
        most `GROUPED_VALUES` at once."""

    async def measurements_by_id(self, user_id: int, ids: Sequence[int]) -> Sequence[Measurement]:
        """The measurements with these ids that exist, in no order."""

    async def units_in_use(self, user_ids: Sequence[int], filters: Filters) -> frozenset[int]:
        """The ids of the units of the variables that the filters of `variable` and `category`
        choose, and that are allowed."""

    async def consenting_people(
        self, client_id: str, scope: str, now: datetime, *, after: int, limit: int
    ) -> Sequence[ConsentingPerson]:
        """The people, by id and after `after`, who allow this app `scope` now: a consent with it
        that has not ended, a grant with it that is neither revoked nor expired, and neither app nor
        person disabled."""


class AccessLogStore(Protocol):
    async def add_accesses(self, accesses: Sequence[Access]) -> None:
        """Add accesses: equal ones (person, app, action, variable, category) of one hour are one
        row; `accesses` has no two equal ones. Of reads with a filter an application has a limited
        number of rows for one person and hour; the others are one row without it. Raises
        `Conflict`, and stores nothing, when one of the people is deleted."""

    async def accesses_of(
        self,
        user_id: int,
        *,
        client_id: str | None = None,
        between: tuple[datetime, datetime] | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[tuple[int, Access]]:
        """The accesses, newest first, each with its id, of one app or of all; `before` is the last
        id of the previous page. `between`: those whose last request was then, the end not
        included."""

    async def claim_first_reads(
        self, at: datetime, lease: timedelta, limit: int
    ) -> Sequence[tuple[int, str]]:
        """Take for `lease` the people and apps whose e-mail about the app's first read of
        measurements, since the consent was given, is due. No two callers get the same one."""

    async def finish_first_read(self, user_id: int, client_id: str) -> None:
        """Record that the e-mail was sent: no other is due while this consent is on record."""

    async def sums_of_accesses(self, user_id: int, since: datetime) -> Sequence[AccessSum]:
        """What each app did since then, by action; the hour of `since` counts if its last request
        came later."""


class AccessRecorder(Protocol):
    def record(self, access: Access) -> None:
        """Record it. Never waits, never fails: it is written in background batches."""

    def record_profile(self, user_id: int, client_id: str) -> None:
        """Record that the app reads the profile now."""

    def record_exchange(self, user_id: int, client_id: str, api: str, actor_id: str) -> None:
        """Record that a client gets a token now to act for the person at the API with this
        identifier. `actor_id` is the client, empty for the app `client_id` itself."""
