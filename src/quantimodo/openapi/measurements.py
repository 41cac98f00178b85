"""Describes how an application reads measurements (measurements-api.md)."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, NotRequired, TypedDict

from quantimodo.openapi import fakes, tags
from quantimodo.openapi.bearer_authentication import REFUSED, REFUSED_SENSITIVE, by_token
from quantimodo.openapi.operation import JSON, Content, Operation, Response, described
from quantimodo.openapi.responses import refused

CSV: Final = "text/csv; charset=utf-8"


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


class _Filters(TypedDict, total=False):
    """Values may begin with `(gt)`, `(ge)`, `(lt)` or `(le)`; commas mean "one of"; `%` at an end
    of a text means anything; `!` negates; `name[]=…` again and again means all of them."""

    variableName: Annotated[str, described("Of this variable.", "Sleep%")]
    variableCategoryName: Annotated[str, described("Of variables of this category.", "Sleep")]
    source: Annotated[str, described("Of this source.", "My App")]
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


class MeasurementPath(TypedDict):
    """Which one."""

    id: Annotated[int, described("The measurement's id.", 1, ge=1)]


SLEEP: Final = {
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

PAGED: Final = ("NotStored", "TotalCount", "Link")


def found(kind: Any, example: Any, *headers: str) -> Response:
    """The response with the result: its type, and an example."""
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


NOT_FOUND: Final = refused(
    "There is none, or it is another person's.",
    {"not_found": "there is no such measurement"},
    "NotStored",
)

READING: Final[Mapping[int, Response]] = {
    **REFUSED,
    400: _invalid_parameter("a value to compare with is not a number"),
    429: refused(
        "Too many reads of this person's measurements, or by this application, are in progress.",
        {"temporarily_unavailable": "too many reads of these measurements at once; wait for them"},
        "RetryAfter",
    ),
}

OPERATIONS: Final = (
    Operation(
        route="measurements",
        method="GET",
        id="listMeasurements",
        tag=tags.MEASUREMENTS,
        summary="List measurements, filtered and page by page",
        description="Scope `readmeasurements`. `Total-Count` is how many there are in all; `Link`"
        " (RFC 8288) and `Link-First`, `Link-Prev`, `Link-Next`, `Link-Last` lead to the pages.",
        query=MeasurementQueryParameters,
        security=by_token("readmeasurements"),
        responses={200: found(list[Measurement], [SLEEP], *PAGED), **READING},
        shared=(413, 500, 503),
    ),
    Operation(
        route="measurement",
        method="GET",
        id="getMeasurement",
        tag=tags.MEASUREMENTS,
        summary="Get one measurement",
        description="Scope `readmeasurements`.",
        path=MeasurementPath,
        security=by_token("readmeasurements"),
        responses={200: found(Measurement, SLEEP), **REFUSED, 404: NOT_FOUND},
        shared=(413, 500, 503),
    ),
    Operation(
        route="measurements_csv",
        method="GET",
        id="exportMeasurements",
        tag=tags.MEASUREMENTS,
        summary="Export measurements as a CSV file",
        description="Scope `readmeasurements`. All that the filters choose, by start time.",
        query=CsvQuery,
        security=by_token("readmeasurements"),
        responses={
            200: Response("RFC 4180, in UTF-8.", (Content(CSV, str),), ("NotStored",)),
            **READING,
            401: REFUSED_SENSITIVE[401],
        },
        shared=(413, 500, 503),
    ),
    Operation(
        route="application_measurements",
        method="GET",
        id="listApplicationMeasurements",
        tag=tags.MEASUREMENTS,
        summary="List measurements of all people who allow the app to read them",
        description="With the app's own token (`client_credentials`, scope `readmeasurements`):"
        " those of each person whose grant of `readmeasurements` to the app is valid.",
        query=MeasurementQueryParameters,
        security=by_token("readmeasurements"),
        responses={
            200: found(list[ApplicationMeasurement], [{**SLEEP, "userId": 42}], *PAGED),
            **READING,
        },
        shared=(413, 500, 503),
    ),
)
