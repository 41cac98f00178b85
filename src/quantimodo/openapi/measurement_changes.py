"""Describes how an application adds, changes and deletes measurements (measurements-api.md)."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Required, TypedDict

from quantimodo.openapi import tags
from quantimodo.openapi.bearer_authentication import REFUSED, REFUSED_SENSITIVE, by_token
from quantimodo.openapi.measurements import NOT_FOUND, SLEEP, Measurement, MeasurementPath, found
from quantimodo.openapi.operation import JSON, Content, Operation, Response, described
from quantimodo.openapi.responses import refused

Time = float | str

_TIME: Final = described("Seconds since 1970, or ISO 8601.", 1_439_389_320, title="MeasurementTime")


class SentMeasurement(TypedDict, total=False):
    """A measurement that an app sends."""

    startTime: Required[Annotated[Time, _TIME]]
    value: Required[Annotated[float, described("Finite, and within the unit's bounds.", 3)]]
    note: Annotated[str, described("At most 2,000 characters.", "slept like a stone")]


class MeasurementSet(TypedDict, total=False):
    """Measurements of one variable. `name`, `source`, `category`, `unit`, and `timestamp` of a
    measurement, are older spellings that are taken too."""

    variableName: Required[Annotated[str, described("Created if it is new.", "Sleep Quality")]]
    sourceName: Annotated[str, described("The source.", "My App")]
    variableCategoryName: Annotated[str, described("Of a new variable; `Miscellaneous`.", "Sleep")]
    combinationOperation: Annotated[
        Literal["MEAN", "SUM"], described("How values of a new variable are combined.", "MEAN")
    ]
    abbreviatedUnitName: Annotated[
        str, described("Required for a new variable; the default is the variable's unit.", "/5")
    ]
    measurements: Required[list[SentMeasurement]]


class MeasurementChange(TypedDict, total=False):
    """Only the given members change."""

    startTime: Annotated[Time, _TIME]
    value: Annotated[
        float, described("In `abbreviatedUnitName`, or in the unit it was sent in.", 4)
    ]
    abbreviatedUnitName: Annotated[str, described("A unit of the variable's category.", "/5")]
    note: Annotated[str, described("Empty deletes it.", "better than I thought")]


class Done(TypedDict):
    """Done."""

    success: Annotated[bool, described("Always true.", True)]


class RefusedSet(TypedDict, total=False):
    """Why nothing was stored, with the index of the set and measurement (from 0)."""

    error: Required[Annotated[str, described("A code for programs.", "invalid_request")]]
    error_description: Required[Annotated[str, described("For the developer.", "value is missing")]]
    setIndex: int
    measurementIndex: int


_BAD_SETS: Final = Response(
    "Nothing was stored; the text has the reason and the position.",
    (
        Content(
            JSON,
            RefusedSet,
            {
                "a value is missing": {
                    "error": "invalid_request",
                    "error_description": "value is missing",
                    "setIndex": 0,
                    "measurementIndex": 3,
                }
            },
        ),
    ),
    ("NotStored",),
)

_CONFLICT: Final = refused(
    "A concurrent change of the same data, or such a measurement exists already.",
    {"invalid_request": "these variables are being changed by another request; try again"},
    "NotStored",
)

_WRITING: Final[Mapping[int, Response]] = {**REFUSED, 400: _BAD_SETS, 409: _CONFLICT}

OPERATIONS: Final = (
    Operation(
        route="measurements",
        method="POST",
        id="addMeasurements",
        tag=tags.MEASUREMENTS,
        summary="Add measurements, or bring them up to date",
        description="Scope `writemeasurements`. The same variable, source and start time is the"
        " same measurement. A request is stored completely or not at all; at most 10,000"
        " measurements."
        " One set may also be sent without the array.",
        body=MeasurementSet,
        bodies=(JSON,),
        many=True,
        examples={
            "sleep": [
                {
                    "variableName": "Sleep Quality",
                    "sourceName": "My App",
                    "variableCategoryName": "Sleep",
                    "combinationOperation": "MEAN",
                    "abbreviatedUnitName": "/5",
                    "measurements": [{"startTime": 1_439_389_320, "value": 3}],
                }
            ]
        },
        security=by_token("writemeasurements"),
        responses={200: found(Done, {"success": True}), **_WRITING},
        shared=(413, 500, 503),
    ),
    Operation(
        route="measurement",
        method="PUT",
        id="changeMeasurement",
        tag=tags.MEASUREMENTS,
        summary="Change one measurement",
        description="Scope `writemeasurements`.",
        path=MeasurementPath,
        body=MeasurementChange,
        bodies=(JSON,),
        examples={"better": {"value": 4}},
        security=by_token("writemeasurements"),
        responses={200: found(Measurement, SLEEP), **_WRITING, 404: NOT_FOUND},
        shared=(413, 500, 503),
    ),
    Operation(
        route="measurement",
        method="DELETE",
        id="deleteMeasurement",
        tag=tags.MEASUREMENTS,
        summary="Delete one measurement",
        description="Scope `writemeasurements`.",
        path=MeasurementPath,
        security=by_token("writemeasurements"),
        responses={
            204: Response("Deleted.", (), ("NotStored",)),
            **REFUSED_SENSITIVE,
            404: NOT_FOUND,
        },
        shared=(413, 500, 503),
    ),
)
