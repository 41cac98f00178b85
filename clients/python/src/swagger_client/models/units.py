"""Units: reference data of the server."""

from __future__ import annotations

from swagger_client.records import Field, Record, integer, many, number, optional, text


class ConversionStep(Record):
    """One linear step to the unit of the category: ADD or MULTIPLY."""

    operation = Field(text)
    value = Field(number)


class Unit(Record):
    """A unit, its bounds, and how it converts to others of its category."""

    id = Field(optional(integer))
    name = Field(text)
    abbreviated_name = Field(text)
    category = Field(optional(text))
    minimum_value = Field(optional(number))
    maximum_value = Field(optional(number))
    conversion_steps = Field(optional(many(ConversionStep)))


class UnitCategory(Record):
    """A kind of units between which values convert."""

    id = Field(optional(integer))
    name = Field(text)
