"""Describes the variables of a person (measurements-api.md)."""

from typing import Annotated, Final, Literal, TypedDict

from quantimodo.openapi import tags
from quantimodo.openapi.bearer_authentication import REFUSED, by_token
from quantimodo.openapi.measurements import PAGED, READING, found
from quantimodo.openapi.operation import JSON, Content, Operation, Response, described
from quantimodo.openapi.responses import refused


class Variable(TypedDict):
    """A variable that the person measures."""

    id: int
    name: Annotated[str, described("Its name.", "Sleep Quality")]
    category: Annotated[str, described("The category of the variable.", "Sleep")]
    unit: Annotated[str, described("The unit of its values.", "/5")]
    combinationOperation: Literal["MEAN", "SUM"]
    numberOfMeasurements: Annotated[int, described("The number of measurements.", 12)]
    earliestMeasurementTime: Annotated[
        float | None, described("Seconds since 1970.", 1_439_389_320)
    ]
    latestMeasurementTime: Annotated[float | None, described("Seconds since 1970.", 1_439_389_320)]
    lastValue: Annotated[float | None, described("The latest value.", 3)]


class VariableQuery(TypedDict, total=False):
    """Filters of variables, and the page."""

    name: Annotated[str, described("With this name.", "Sleep%")]
    category: Annotated[str, described("Of this category.", "Sleep")]
    sort: Annotated[str, described("`name` or `-name`.", "name")]
    limit: Annotated[int, described("1 to 200; 100 when left out.", 100, ge=1, le=200)]
    offset: Annotated[int, described("The number to skip.", 0, ge=0)]


class VariablePath(TypedDict):
    """Which one."""

    name: Annotated[str, described("The variable's name, percent-encoded.", "Sleep Quality")]


OPERATIONS: Final = (
    Operation(
        route="variables",
        method="GET",
        id="listVariables",
        tag=tags.MEASUREMENTS,
        summary="List the person's variables",
        description="Scope `readmeasurements`. By name, page by page as measurements are.",
        query=VariableQuery,
        security=by_token("readmeasurements"),
        responses={200: found(list[Variable], [], *PAGED), **READING},
        shared=(413, 500, 503),
    ),
    Operation(
        route="variable",
        method="GET",
        id="getVariable",
        tag=tags.MEASUREMENTS,
        summary="Get one variable",
        description="Scope `readmeasurements`.",
        path=VariablePath,
        security=by_token("readmeasurements"),
        responses={
            200: Response("The variable.", (Content(JSON, Variable),), ("NotStored",)),
            **REFUSED,
            404: refused(
                "The person has no such variable.",
                {"not_found": "there is no such variable"},
                "NotStored",
            ),
        },
        shared=(413, 500, 503),
    ),
)
