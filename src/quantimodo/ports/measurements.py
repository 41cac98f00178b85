"""What the measurements ask of a database, and the record of who looked at them.

The rules of `stores.py` hold here too. Every method that takes a `user_id` sees that person's rows
and no other's, whatever else it is given.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from quantimodo.model.measurements import (
    Access,
    Entry,
    EntrySet,
    Filters,
    Measurement,
    Micros,
    Order,
    Unit,
    UnitCategory,
    Variable,
    VariableCategory,
    VariableSummary,
)


class ReferenceStore(Protocol):
    """What a migration seeded; it does not change while a server runs."""

    async def units(self) -> Sequence[Unit]:
        """By id."""

    async def unit_categories(self) -> Sequence[UnitCategory]:
        """By id."""

    async def variable_categories(self) -> Sequence[VariableCategory]:
        """By id."""


class VariableStore(Protocol):
    async def variable(self, user_id: int, name: str) -> Variable | None: ...

    async def variables_named(self, user_id: int, names: Sequence[str]) -> Sequence[Variable]:
        """Those of them that exist."""

    async def summary(self, user_id: int, name: str) -> VariableSummary | None: ...

    async def summaries(
        self,
        user_id: int,
        filters: Filters,
        *,
        descending: bool = False,
        offset: int = 0,
        limit: int = 100,
    ) -> Sequence[VariableSummary]:
        """By name. The filters are of `variable` and `category` only."""

    async def count_variables(self, user_id: int, filters: Filters) -> int: ...

    async def delete_variable(self, user_id: int, name: str) -> bool:
        """With all its measurements, some at a time where they are very many."""


class MeasurementStore(Protocol):
    async def save_measurements(self, user_id: int, sets: Sequence[EntrySet], at: datetime) -> bool:
        """Add them all, or bring those up to date that exist (same variable, source and start),
        and make the variables that are missing: all of it, or nothing.

        What would not change is not touched, so that its `updated_at` stays. False, and nothing
        kept, when a variable is no longer (or not yet) as the sets say: prepare them again.
        """

    async def measurement(self, user_id: int, measurement_id: int) -> Measurement | None: ...

    async def change_measurement(
        self, user_id: int, measurement_id: int, entry: Entry, at: datetime
    ) -> bool:
        """Raises `Conflict` when there is another of the same variable, source and start."""

    async def delete_measurement(self, user_id: int, measurement_id: int) -> bool: ...

    async def measurements(
        self, user_id: int, filters: Filters, order: Order, *, offset: int = 0, limit: int = 100
    ) -> Sequence[Measurement]: ...

    async def measurements_after(
        self,
        user_id: int,
        filters: Filters,
        after: tuple[Micros, int] | None,
        limit: int,
        *,
        descending: bool = False,
    ) -> Sequence[Measurement]:
        """By start and id, from behind this (start, id) on: to walk through all of them in
        constant memory, whatever is written meanwhile."""

    async def count_measurements(self, user_ids: Sequence[int], filters: Filters) -> dict[int, int]:
        """How many each person has; who has none is left out."""

    async def units_in_use(self, user_ids: Sequence[int], filters: Filters) -> frozenset[int]:
        """Of the variables that `variable` and `category` filters choose."""

    async def readers_people(
        self, client_id: str, scope: str, now: datetime, *, after: int, limit: int
    ) -> Sequence[int]:
        """The ids, ascending from behind `after`, of the people whose grant of `scope` to this
        app lives now: a consent that has it, an authorization with it that is neither revoked nor
        expired, and neither app nor person disabled."""


class AccessLogStore(Protocol):
    async def add_accesses(self, accesses: Sequence[Access]) -> None:
        """What is alike (person, app, action, variable, category) within one hour becomes one;
        in one call no two are. Raises `Conflict` when one of the people is gone, keeping nothing.
        """

    async def accesses_of(
        self,
        user_id: int,
        *,
        client_id: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[tuple[int, Access]]:
        """Newest first, each with its number, of one app or of all; `before` is where the last
        page ended."""


class AccessRecorder(Protocol):
    def record(self, access: Access) -> None:
        """Keep it. Never waits, never fails: it is written in batches, in the background."""
