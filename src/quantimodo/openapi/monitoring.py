"""Describes the endpoints for the operator's monitoring."""

from typing import Annotated, Final, Literal, TypedDict

from quantimodo.openapi import tags
from quantimodo.openapi.operation import JSON, Content, Operation, Response, Security, described
from quantimodo.openapi.responses import refused

OPERATOR: Final[Security] = ({"operator": []},)


class Health(TypedDict):
    """The health of the server."""

    status: Annotated[Literal["ok"], described("Always `ok`.", "ok")]


_ALIVE: Final = Response("The check succeeded.", (Content(JSON, Health, {"ok": {"status": "ok"}}),))

OPERATIONS: Final = (
    Operation(
        route="alive",
        method="GET",
        id="isAlive",
        tag=tags.WATCHING,
        summary="Check whether the process runs",
        description="Does not check the database or keys.",
        responses={200: _ALIVE},
        shared=(413, 500),
    ),
    Operation(
        route="ready",
        method="GET",
        id="isReady",
        tag=tags.WATCHING,
        summary="Check whether the server can process requests",
        description="Checks the database and the signing keys.",
        responses={200: _ALIVE},
        shared=(413, 500, 503),
    ),
    Operation(
        route="metrics",
        method="GET",
        id="getMetrics",
        tag=tags.WATCHING,
        summary="Get the metrics of the server",
        description="In the text format of Prometheus; requires the operator's token.",
        security=OPERATOR,
        responses={
            200: Response("The metrics.", (Content("text/plain", str),)),
            400: refused(
                "The `Authorization` header is sent twice.",
                {"invalid_request": "a header is repeated"},
            ),
            404: refused(
                "Not the operator's token, or the operator set none.",
                {"not_found": "there is nothing here"},
            ),
        },
        shared=(413, 500),
    ),
)
