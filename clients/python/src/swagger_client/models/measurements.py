"""Measurements: as they are read, and as they are sent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Union

from swagger_client.records import Field, Record, integer, number, optional, text, timestamp

TimeValue = Union[datetime, int, float, str]


class Measurement(Record):
    """One value of one variable at one time. `user_id`: in responses to an application only;
    `sub` instead, if the application has pairwise subjects."""

    id = Field(integer)
    user_id = Field(optional(integer))
    sub = Field(optional(text))
    variable = Field(text)
    variable_category_name = Field(optional(text))
    source = Field(optional(text))
    start_time = Field(timestamp)
    human_time = Field(optional(text))
    value = Field(number)
    unit = Field(text)
    stored_value = Field(optional(number))
    stored_abbreviated_unit_name = Field(optional(text))
    note = Field(optional(text))
    created_at = Field(optional(timestamp))
    updated_at = Field(optional(timestamp))


@dataclass(frozen=True)
class NewMeasurement:
    """A value to record. `start_time`: an aware datetime, epoch seconds, or ISO 8601."""

    start_time: TimeValue
    value: float
    note: str | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError("the value of a measurement must be finite")
        wire_time(self.start_time)

    def to_dict(self) -> dict[str, Any]:
        """As it goes over the wire."""
        sent = {"startTime": wire_time(self.start_time), "value": self.value, "note": self.note}
        return {name: value for name, value in sent.items() if value is not None}


@dataclass(frozen=True)
class MeasurementSet:
    """Measurements of one variable from one source. All sets of one call are stored, or none."""

    variable_name: str
    measurements: Sequence[NewMeasurement] = field(default_factory=tuple)
    source_name: str | None = None
    abbreviated_unit_name: str | None = None
    variable_category_name: str | None = None
    combination_operation: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As it goes over the wire."""
        sent = {
            "variableName": self.variable_name,
            "sourceName": self.source_name,
            "variableCategoryName": self.variable_category_name,
            "combinationOperation": self.combination_operation,
            "abbreviatedUnitName": self.abbreviated_unit_name,
            "measurements": [measurement.to_dict() for measurement in self.measurements],
        }
        return {name: value for name, value in sent.items() if value is not None}


def wire_time(when: TimeValue) -> int | float | str:
    """A time as the server takes it. Raises `ValueError` for a datetime without a time zone."""
    if not isinstance(when, datetime):
        return when
    if when.tzinfo is None:
        raise ValueError("a time needs its time zone: give an aware datetime")
    return when.isoformat()
