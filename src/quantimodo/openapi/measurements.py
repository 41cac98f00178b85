"""Descriptions of measurements, variables and units (measurements-api.md)."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, NotRequired, Required, TypedDict

from quantimodo.openapi import fakes
from quantimodo.openapi.operation import JSON, Content, Operation, Response, described
from quantimodo.openapi.resources import REFUSED, REFUSED_SENSITIVE
from quantimodo.openapi.responses import refused
from quantimodo.openapi.shared import BY_ANY_TOKEN, by_token

TAG: Final = "Measurements"
CSV: Final = "text/csv; charset=utf-8"

Time = float | str
_TIME: Final = described("Seconds since 1970, or ISO 8601.", 1_439_389_320, title="MeasurementTime")


class Measurement(TypedDict):
    """One measurement; with `groupingWidth`, a group of them, described by its first."""

    id: int
    variable: Annotated[str, described("What was measured.", "Sleep Quality")]
    variableCategoryName: Annotated[str, described("The category of the variable.", "Sleep")]
    source: Annotated[str | None, described("The source; null when a group has several.", "App")]
    startTime: Annotated[float, described("Seconds since 1970.", 1_439_389_320)]
    humanTime: Annotated[str, described("The same in ISO 8601, UTC.", "2015-08-12T14:22:00Z")]
    value: Annotated[float, described("In `unit`.", 3)]
    unit: Annotated[str, described("The variable's unit, or the requested one.", "/5")]
    storedValue: Annotated[float, described("The value as it was sent.", 3)]
    storedAbbreviatedUnitName: Annotated[str, described("The unit in which it was sent.", "/5")]
    note: Annotated[str | None, described("The note of the measurement.", "slept like a stone")]
    createdAt: Annotated[str, described("When it was first sent.", "2015-08-12T15:00:00Z")]
    updatedAt: Annotated[str, described("When it last changed.", "2015-08-12T15:00:00Z")]


class ApplicationMeasurement(Measurement):
    """A measurement with its person."""

    userId: Annotated[
        int | None,
        described("The person: the `id` of `/api/v1/user/me`. Null for a pairwise app.", 42),
    ]
    sub: NotRequired[
        Annotated[str | None, described("The person, for a pairwise app.", fakes.SUBJECT)]
    ]


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


class _Filters(TypedDict, total=False):
    """Values may begin with `(gt)`, `(ge)`, `(lt)` or `(le)`; commas mean "one of"; `%` at an end
    of a text means anything; `!` negates; `name[]=…` again and again means all of them."""

    variableName: Annotated[str, described("Of this variable.", "Sleep%")]
    variableCategoryName: Annotated[str, described("Of variables of this category.", "Sleep")]
    source: Annotated[str, described("From here.", "My App")]
    value: Annotated[str, described("In `unit` if that is given.", "(gt)2")]
    unit: Annotated[str, described("Return values in this unit.", "/5")]
    startTime: Annotated[str, described("At this time or later.", "1439389320")]
    endTime: Annotated[str, described("At this time or earlier.", "2026-11-23T00:00:00Z")]
    createdAt: Annotated[str, described("First sent at this time or later.", "(ge)2026-01-01")]
    updatedAt: Annotated[str, described("Changed at this time or later.", "(ge)2026-01-01")]
    lastUpdated: Annotated[str, described("The same.", "1439389320")]
    groupingWidth: Annotated[
        int, described("Combine the measurements of each span of this many seconds.", 86_400, ge=1)
    ]
    groupingTimezone: Annotated[str, described("The time zone of the spans.", "Europe/Berlin")]
    sort: Annotated[str, described("`-` in front for descending order.", "-startTime")]


class MeasurementQueryParameters(_Filters, total=False):
    """Filters of measurements, and the page."""

    limit: Annotated[int, described("1 to 200; 100 when left out.", 100, ge=1, le=200)]
    offset: Annotated[int, described("The number to skip.", 0, ge=0)]


class CsvQuery(_Filters, total=False):
    """Which measurements."""

    bom: Annotated[
        Literal["true", "false"], described("A byte order mark before the text, for Excel.", "true")
    ]


class VariableQuery(TypedDict, total=False):
    """Filters of variables, and the page."""

    name: Annotated[str, described("With this name.", "Sleep%")]
    category: Annotated[str, described("Of this category.", "Sleep")]
    sort: Annotated[str, described("`name` or `-name`.", "name")]
    limit: Annotated[int, described("1 to 200; 100 when left out.", 100, ge=1, le=200)]
    offset: Annotated[int, described("The number to skip.", 0, ge=0)]


class MeasurementPath(TypedDict):
    """Which one."""

    id: Annotated[int, described("The measurement's id.", 1, ge=1)]


class VariablePath(TypedDict):
    """Which one."""

    name: Annotated[str, described("The variable's name, percent-encoded.", "Sleep Quality")]


_SLEEP: Final = {
    "id": 1,
    "variable": "Sleep Quality",
    "variableCategoryName": "Sleep",
    "source": "My App",
    "startTime": 1_439_389_320,
    "humanTime": "2015-08-12T14:22:00Z",
    "value": 3.0,
    "unit": "/5",
    "storedValue": 3.0,
    "storedAbbreviatedUnitName": "/5",
    "note": None,
    "createdAt": "2026-11-23T12:00:00Z",
    "updatedAt": "2026-11-23T12:00:00Z",
}
_PAGED: Final = ("NotStored", "TotalCount", "Link")
_SHARED: Final = (413, 500, 503)


def _found(kind: Any, example: Any, *headers: str) -> Response:
    return Response(
        "The result.", (Content(JSON, kind, {"one": example}),), headers or ("NotStored",)
    )


def _invalid_parameter(text: str) -> Response:
    return refused(
        "A parameter cannot be understood, or does not fit; or the token is sent in a way that is"
        " refused.",
        {"invalid_request": text},
        "NotStored",
    )


_NOT_FOUND: Final = refused(
    "There is none, or it is another person's.",
    {"not_found": "there is no such measurement"},
    "NotStored",
)
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
_REFERENCE: Final = {status: REFUSED[status] for status in (400, 401)}


def _reference(route: str, name: str, summary: str, kind: Any, example: Any) -> Operation:
    return Operation(
        route=route,
        method="GET",
        id=name,
        tag=TAG,
        summary=summary,
        description="Reference data. Any valid token is accepted.",
        security=BY_ANY_TOKEN,
        responses={200: _found(list[kind], [example]), **_REFERENCE},
        shared=_SHARED,
    )


_READING: Final[Mapping[int, Response]] = {
    **REFUSED,
    400: _invalid_parameter("a value to compare with is not a number"),
    429: refused(
        "Too many reads of this person's measurements, or by this application, are in progress.",
        {"temporarily_unavailable": "too many reads of these measurements at once; wait for them"},
        "RetryAfter",
    ),
}
_WRITING: Final[Mapping[int, Response]] = {**REFUSED, 400: _BAD_SETS, 409: _CONFLICT}

OPERATIONS: Final = (
    Operation(
        route="measurements",
        method="GET",
        id="listMeasurements",
        tag=TAG,
        summary="Measurements, filtered and page by page",
        description="Scope `readmeasurements`. `Total-Count` is how many there are in all; `Link`"
        " (RFC 8288) and `Link-First`, `Link-Prev`, `Link-Next`, `Link-Last` lead to the pages.",
        query=MeasurementQueryParameters,
        security=by_token("readmeasurements"),
        responses={200: _found(list[Measurement], [_SLEEP], *_PAGED), **_READING},
        shared=_SHARED,
    ),
    Operation(
        route="measurements",
        method="POST",
        id="addMeasurements",
        tag=TAG,
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
        responses={200: _found(Done, {"success": True}), **_WRITING},
        shared=_SHARED,
    ),
    Operation(
        route="measurement",
        method="GET",
        id="getMeasurement",
        tag=TAG,
        summary="One measurement",
        description="Scope `readmeasurements`.",
        path=MeasurementPath,
        security=by_token("readmeasurements"),
        responses={200: _found(Measurement, _SLEEP), **REFUSED, 404: _NOT_FOUND},
        shared=_SHARED,
    ),
    Operation(
        route="measurement",
        method="PUT",
        id="changeMeasurement",
        tag=TAG,
        summary="Change one measurement",
        description="Scope `writemeasurements`.",
        path=MeasurementPath,
        body=MeasurementChange,
        bodies=(JSON,),
        examples={"better": {"value": 4}},
        security=by_token("writemeasurements"),
        responses={200: _found(Measurement, _SLEEP), **_WRITING, 404: _NOT_FOUND},
        shared=_SHARED,
    ),
    Operation(
        route="measurement",
        method="DELETE",
        id="deleteMeasurement",
        tag=TAG,
        summary="Delete one measurement",
        description="Scope `writemeasurements`.",
        path=MeasurementPath,
        security=by_token("writemeasurements"),
        responses={
            204: Response("Deleted.", (), ("NotStored",)),
            **REFUSED_SENSITIVE,
            404: _NOT_FOUND,
        },
        shared=_SHARED,
    ),
    Operation(
        route="measurements_csv",
        method="GET",
        id="exportMeasurements",
        tag=TAG,
        summary="Measurements as a CSV file",
        description="Scope `readmeasurements`. All that the filters choose, by start time.",
        query=CsvQuery,
        security=by_token("readmeasurements"),
        responses={
            200: Response("RFC 4180, in UTF-8.", (Content(CSV, str),), ("NotStored",)),
            **_READING,
            401: REFUSED_SENSITIVE[401],
        },
        shared=_SHARED,
    ),
    Operation(
        route="application_measurements",
        method="GET",
        id="listApplicationMeasurements",
        tag=TAG,
        summary="Measurements of all people who allow the app to read them",
        description="By the app's own token (`client_credentials`, scope `readmeasurements`):"
        " those of each person whose grant of `readmeasurements` to the app is valid.",
        query=MeasurementQueryParameters,
        security=by_token("readmeasurements"),
        responses={
            200: _found(list[ApplicationMeasurement], [{**_SLEEP, "userId": 42}], *_PAGED),
            **_READING,
        },
        shared=_SHARED,
    ),
    Operation(
        route="variables",
        method="GET",
        id="listVariables",
        tag=TAG,
        summary="The person's variables",
        description="Scope `readmeasurements`. By name, page by page as measurements are.",
        query=VariableQuery,
        security=by_token("readmeasurements"),
        responses={200: _found(list[Variable], [], *_PAGED), **_READING},
        shared=_SHARED,
    ),
    Operation(
        route="variable",
        method="GET",
        id="getVariable",
        tag=TAG,
        summary="One variable",
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
        shared=_SHARED,
    ),
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
