"""Units: reference data of the server."""

from __future__ import annotations

from swagger_client.records import Field, Record, many, maybe, number, text, whole


class ConversionStep(Record):
    """One linear step to the unit of the category: ADD or MULTIPLY."""

    operation = Field(text)
    value = Field(number)


class Unit(Record):
    """A unit, its bounds, and how it converts to others of its category."""

    id = Field(maybe(whole))
    name = Field(text)
    abbreviated_name = Field(text)
    category = Field(maybe(text))
    minimum_value = Field(maybe(number))
    maximum_value = Field(maybe(number))
    conversion_steps = Field(maybe(many(ConversionStep)))


class UnitCategory(Record):
    """A kind of units between which values convert."""

    id = Field(maybe(whole))
    name = Field(text)
