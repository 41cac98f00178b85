"""Describes units and categories (measurements-api.md)."""

from typing import Annotated, Any, Final, Literal, TypedDict

from quantimodo.openapi import tags
from quantimodo.openapi.bearer_authentication import BY_ANY_TOKEN, REFUSED
from quantimodo.openapi.measurements import found
from quantimodo.openapi.operation import Operation, described


class ConversionStep(TypedDict):
    """One step of the conversion to the category's base unit."""

    operation: Literal["ADD", "MULTIPLY"]
    value: float


class Unit(TypedDict):
    """A unit. Without `conversionSteps` (null) it has no conversion."""

    id: int
    name: Annotated[str, described("Its name.", "Minutes")]
    abbreviatedName: Annotated[str, described("The name in measurements.", "min")]
    category: Annotated[str, described("What it measures.", "Duration")]
    minimumValue: float | None
    maximumValue: float | None
    conversionSteps: list[ConversionStep] | None


class Category(TypedDict):
    """A category, of variables or of units."""

    id: int
    name: str


_REFERENCE: Final = {status: REFUSED[status] for status in (400, 401)}


def _reference(route: str, name: str, summary: str, kind: Any, example: Any) -> Operation:
    return Operation(
        route=route,
        method="GET",
        id=name,
        tag=tags.MEASUREMENTS,
        summary=summary,
        description="Reference data. Any valid token is accepted.",
        security=BY_ANY_TOKEN,
        responses={200: found(list[kind], [example]), **_REFERENCE},
        shared=(413, 500, 503),
    )


OPERATIONS: Final = (
    _reference(
        "variable_categories",
        "listVariableCategories",
        "All categories of variables",
        Category,
        {"id": 2, "name": "Sleep"},
    ),
    _reference(
        "units",
        "listUnits",
        "All units",
        Unit,
        {
            "id": 3,
            "name": "Minutes",
            "abbreviatedName": "min",
            "category": "Duration",
            "minimumValue": 0.0,
            "maximumValue": None,
            "conversionSteps": [{"operation": "MULTIPLY", "value": 60.0}],
        },
    ),
    _reference(
        "unit_categories",
        "listUnitCategories",
        "All categories of units",
        Category,
        {"id": 1, "name": "Duration"},
    ),
)
