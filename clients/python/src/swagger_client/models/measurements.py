"""Measurements: as they are read, and as they are sent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Union

from swagger_client.records import Field, Record, maybe, moment, number, text, whole

Moment = Union[datetime, int, float, str]


class Measurement(Record):
    """One value of one variable at one time. `user_id`: in the answer to an application only;
    `sub` instead, if the application has pairwise subjects."""

    id = Field(whole)
    user_id = Field(maybe(whole))
    sub = Field(maybe(text))
    variable = Field(text)
    variable_category_name = Field(maybe(text))
    source = Field(maybe(text))
    start_time = Field(moment)
    human_time = Field(maybe(text))
    value = Field(number)
    unit = Field(text)
    stored_value = Field(maybe(number))
    stored_abbreviated_unit_name = Field(maybe(text))
    note = Field(maybe(text))
    created_at = Field(maybe(moment))
    updated_at = Field(maybe(moment))


@dataclass(frozen=True)
class NewMeasurement:
    """A value to record. `start_time`: an aware datetime, epoch seconds, or ISO 8601."""

    start_time: Moment
    value: float
    note: str | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError("the value of a measurement must be finite")
        wire_moment(self.start_time)

    def to_dict(self) -> dict[str, Any]:
        """As it goes over the wire."""
        sent = {"startTime": wire_moment(self.start_time), "value": self.value, "note": self.note}
        return {name: value for name, value in sent.items() if value is not None}


@dataclass(frozen=True)
class MeasurementSet:
    """Measurements of one variable from one source. All sets of one call land, or none does."""

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


def wire_moment(when: Moment) -> int | float | str:
    """A time as the server takes it. Raises `ValueError` for a datetime without a time zone."""
    if not isinstance(when, datetime):
        return when
    if when.tzinfo is None:
        raise ValueError("a time needs its time zone: give an aware datetime")
    return when.isoformat()
