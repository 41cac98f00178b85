"""Describes the MCP server (`/mcp`), which a server has only if its operator turned it on."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, NotRequired, TypedDict

from quantimodo.openapi import fakes, tags
from quantimodo.openapi.bearer_authentication import REFUSED
from quantimodo.openapi.discovery import ResourceMetadata
from quantimodo.openapi.operation import JSON, Content, Operation, Response, described
from quantimodo.openapi.responses import refused
from quantimodo.protocol.discovery import agents_resource


class McpMessage(TypedDict):
    """A message to the server: a request, or a notification, which has no `id` (JSON-RPC 2.0)."""

    jsonrpc: Literal["2.0"]
    method: Annotated[str, described("What is requested, such as `tools/call`.", "tools/list")]
    id: NotRequired[Annotated[int | str, described("Repeated in the response.", 1)]]
    params: NotRequired[dict[str, Any]]


class McpResponse(TypedDict):
    """The result of a request, or its error (JSON-RPC 2.0)."""

    jsonrpc: Literal["2.0"]
    id: NotRequired[int | str | None]
    result: NotRequired[dict[str, Any]]
    error: NotRequired[dict[str, Any]]


_RESULT: Final = {
    "jsonrpc": "2.0",
    "id": 1,
    "result": {"content": [{"type": "text", "text": "{}"}], "structuredContent": {}},
}
_REQUEST: Final = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "list_variables", "arguments": {}},
}
_FAULT: Final = {
    "jsonrpc": "2.0",
    "id": None,
    "error": {"code": -32700, "message": "Parse error"},
}

OPERATIONS: Final[Sequence[Operation]] = (
    Operation(
        route="mcp",
        method="POST",
        id="sendMcpMessage",
        tag=tags.AGENTS,
        summary="Send a message of an agent",
        description=(
            "One JSON-RPC message. `Accept` must have `application/json` and `text/event-stream`;"
            " the response is JSON, never a stream, and there are no sessions. The token is for the"
            " resource `/mcp`, and opens nothing else: `readmeasurements` to read,"
            " `writemeasurements` to record."
        ),
        body=McpMessage,
        bodies=(JSON,),
        examples={"a call of a tool": _REQUEST},
        security=({"bearer": ["readmeasurements"]},),
        responses={
            200: Response(
                "The response to a request; a result of a tool with `isError` is one too.",
                (Content(JSON, McpResponse, {"result": _RESULT}),),
                ("NotStored",),
            ),
            202: Response("A notification was accepted.", (), ("NotStored",)),
            400: Response(
                "No message of this protocol.",
                (Content(JSON, McpResponse, {"error": _FAULT}),),
                ("NotStored",),
            ),
            **REFUSED,
            406: Response(
                "`Accept` lacks a media type.",
                (Content(JSON, McpResponse, {"error": _FAULT}),),
                ("NotStored",),
            ),
            421: refused(
                "`Host` is not that of the issuer.",
                {"invalid_request": "this host is not the one of this server's issuer"},
                "NotStored",
            ),
        },
        shared=(413, 500, 503),
    ),
    Operation(
        route="mcp_metadata",
        method="GET",
        id="getMcpMetadata",
        tag=tags.AGENTS,
        summary="Get the metadata of the resource for agents",
        description="RFC 9728: its identifier, its authorization server and its scopes.",
        responses={
            200: Response(
                "The metadata.",
                (Content(JSON, ResourceMetadata, {"metadata": agents_resource(fakes.ISSUER)}),),
            ),
        },
        shared=(413, 500),
    ),
)
