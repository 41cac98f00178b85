"""Variables: what a person measures."""

from __future__ import annotations

from swagger_client.records import Field, Record, maybe, moment, number, text, whole


class Variable(Record):
    """One variable of the person: how often, since when, until when, and what it was last."""

    id = Field(maybe(whole))
    name = Field(text)
    category = Field(maybe(text))
    unit = Field(maybe(text))
    combination_operation = Field(maybe(text))
    number_of_measurements = Field(maybe(whole))
    earliest_measurement_time = Field(maybe(moment))
    latest_measurement_time = Field(maybe(moment))
    last_value = Field(maybe(number))


class VariableCategory(Record):
    """A kind of variables: Sleep, Mood, Nutrition and so on."""

    id = Field(maybe(whole))
    name = Field(text)
