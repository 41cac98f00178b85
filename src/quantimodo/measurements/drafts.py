"""Prepares measurements for the store: checks what an app sent and converts units."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from quantimodo.measurements import payloads
from quantimodo.measurements.catalogue import MISCELLANEOUS, Catalogue
from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.payloads import Change, SentSet, error_at
from quantimodo.measurements.units import converter, convertible
from quantimodo.model.measurements import (
    AllowedMeasurements,
    Entry,
    EntrySet,
    Measurement,
    Micros,
    NewVariable,
    Unit,
    Variable,
)

_CHUNK: Final = 500  # measurements between two turns of the event loop


class _Resolved(NamedTuple):
    """The source, the unit and the variable of a set."""

    source: str
    unit: Unit
    variable: Variable | NewVariable


@dataclass(frozen=True, slots=True)
class SavedMeasurements:
    """What a POST saved: the number of measurements of each variable, and the variables'
    categories."""

    numbers: Mapping[str, int]
    categories: Mapping[str, str]


class EntryDraft:
    """The sets of one POST as entries for the store: one for each start time of a source."""

    def __init__(
        self,
        catalogue: Catalogue,
        known: Mapping[str, Variable],
        allowed: AllowedMeasurements | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._allowed = allowed
        self._forbidden: MeasurementError | None = None
        visible = {
            name: variable
            for name, variable in known.items()
            if allowed is None or allowed.allows_variable(variable.category_id, name)
        }
        # A variable that the application may not use is checked like one that does not exist, so
        # that no other error shows that it does.
        self._hidden = frozenset(known) - frozenset(visible)
        self._variables: dict[str, Variable | NewVariable] = dict(visible)
        self._entries: dict[tuple[str, str], dict[Micros, Entry]] = {}
        self._numbers: Counter[str] = Counter()

    async def add(self, set_index: int, name: str, sent: SentSet) -> None:
        """Add the set at this index. Raises `MeasurementError`."""
        try:
            source, unit, variable = self._resolve(name, sent)
        except ValueError as error:
            raise error_at(str(error), set_index) from None
        except MeasurementError as error:
            raise error_at(error.text, set_index) from None
        variable_unit = self._catalogue.unit(variable.unit_id)
        if not convertible(unit, variable_unit):
            raise error_at("the unit is of another category than the variable's", set_index)
        convert = converter(unit, variable_unit)
        entries = self._entries.setdefault((name, source), {})
        self._numbers[name] += len(sent.entries)
        for number, one in enumerate(sent.entries):
            try:
                start = payloads.start_of(one.start_time, one.timestamp)
                stored = _check_limits(payloads.value_of(one.value), unit)
                entries[start] = Entry(
                    start, convert(stored), stored, unit.id, payloads.note_of(one.note)
                )
            except ValueError as error:
                raise error_at(str(error), set_index, number) from None
            except MeasurementError as error:
                raise error_at(error.text, set_index, number) from None
            self._check_allowed(set_index, variable, start)
            if number % _CHUNK == _CHUNK - 1:
                await asyncio.sleep(0)  # ten thousand would block the event loop

    def sets(self) -> list[EntrySet]:
        """All entries. Raises `MeasurementError` with status 403 if one of them is not allowed,
        which is checked last."""
        if self._forbidden is not None:
            raise self._forbidden
        return [
            EntrySet(self._variables[name], source, tuple(entries.values()))
            for (name, source), entries in self._entries.items()
            if entries
        ]

    def _check_allowed(
        self, set_index: int, variable: Variable | NewVariable, start: Micros
    ) -> None:
        if self._allowed is None or self._forbidden is not None:
            return
        allowed = self._allowed.allows(variable.category_id, variable.name, start)
        if variable.name in self._hidden or not allowed:
            self._forbidden = forbidden(set_index)

    def saved(self) -> SavedMeasurements:
        """The number of measurements of each variable, and the category of each."""
        category = self._catalogue.category
        return SavedMeasurements(
            dict(self._numbers),
            {name: category(self._variables[name].category_id) for name in self._numbers},
        )

    def _resolve(self, name: str, sent: SentSet) -> _Resolved:
        source = payloads.either(sent.source_name, sent.source)
        unit_name = payloads.either(sent.abbreviated_unit_name, sent.unit)
        category = payloads.either(sent.variable_category_name, sent.category)
        combination = payloads.combination_of(sent.combination_operation)
        variable = self._variables.get(name)
        if unit_name:
            unit = self._catalogue.unit_named(unit_name)
        elif variable is not None:
            unit = self._catalogue.unit(variable.unit_id)
        else:
            raise ValueError("a new variable needs its abbreviatedUnitName")
        category_id = self._catalogue.category_named(category or MISCELLANEOUS)
        if variable is None:
            variable = NewVariable(
                name=name,
                category_id=category_id,
                unit_id=unit.id,
                combination=combination or "MEAN",
            )
            self._variables[name] = variable
        source_name = payloads.name_of(source, "sourceName") if source else ""
        return _Resolved(source_name, unit, variable)


def forbidden(set_index: int | None = None) -> MeasurementError:
    """The refusal of a write outside of what the person allows."""
    where = "" if set_index is None else f"set {set_index}: "
    return MeasurementError(
        f"{where}the person does not allow the app to write this: another variable, category or"
        " time; GET /api/v2/consents/current shows what is allowed",
        status=403,
        set_index=set_index,
    )


def variable_name(set_index: int, sent: SentSet) -> str:
    """The name of the set at this index. Raises `MeasurementError`."""
    try:
        return payloads.name_of(payloads.either(sent.variable_name, sent.name), "variableName")
    except ValueError as error:
        raise error_at(str(error), set_index) from None


def _check_limits(value: float, unit: Unit) -> float:
    """The value, which is within the limits of its unit. Raises `ValueError`."""
    if unit.minimum is not None and value < unit.minimum:
        raise ValueError(f"value is below {unit.minimum:g}, the least of its unit")
    if unit.maximum is not None and value > unit.maximum:
        raise ValueError(f"value is above {unit.maximum:g}, the most of its unit")
    return value


def changed_entry(catalogue: Catalogue, found: Measurement, change: Change) -> Entry:
    """The measurement with the change applied. Raises `MeasurementError`."""
    variable_unit, unit = catalogue.unit(found.unit_id), catalogue.unit(found.stored_unit_id)
    try:
        named = payloads.either(change.abbreviated_unit_name, change.unit)
        if named:
            unit = catalogue.unit_named(named)
        if not convertible(unit, variable_unit):
            raise ValueError("the unit is of another category than the variable's")
        start = found.start
        if change.start_time is not None or change.timestamp is not None:
            start = payloads.start_of(change.start_time, change.timestamp)
        stored = found.stored_value if change.value is None else change.value
        stored = _check_limits(payloads.value_of(stored), unit)
        note = found.note if change.note is None else payloads.note_of(change.note)
    except ValueError as error:
        raise MeasurementError(str(error)) from None
    return Entry(start, converter(unit, variable_unit)(stored), stored, unit.id, note)
