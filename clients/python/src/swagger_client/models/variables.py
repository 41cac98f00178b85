"""Variables: what a person measures."""

from __future__ import annotations

from swagger_client.records import Field, Record, integer, number, optional, text, timestamp


class Variable(Record):
    """One variable of the person: how often, since when, until when, and what it was last."""

    id = Field(optional(integer))
    name = Field(text)
    category = Field(optional(text))
    unit = Field(optional(text))
    combination_operation = Field(optional(text))
    number_of_measurements = Field(optional(integer))
    earliest_measurement_time = Field(optional(timestamp))
    latest_measurement_time = Field(optional(timestamp))
    last_value = Field(optional(number))


class VariableCategory(Record):
    """A kind of variables: Sleep, Mood, Nutrition and so on."""

    id = Field(optional(integer))
    name = Field(text)
