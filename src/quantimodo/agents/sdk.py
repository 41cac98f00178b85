"""The official MCP SDK (`quantimodo[mcp]`): the only module that imports it.

Each request has its own session manager, so that nothing is shared by requests or workers, and a
response is one JSON document. Clients of the revision 2026-07-28 and of the earlier ones, which
begin with `initialize`, are served.
"""

import asyncio
import logging
from collections.abc import MutableMapping
from importlib.metadata import version
from typing import Any, Final

import msgspec
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    ToolAnnotations,
)
from mcp_types import Tool as ToolDescription

from quantimodo.agents.endpoint import Caller, Serve, authorize_tool
from quantimodo.agents.tools import TOOLS, AgentTools, Tool, error_text
from quantimodo.http.messages import Request, Response
from quantimodo.measurements.errors import MeasurementError

_CALLER: Final = "quantimodo.caller"
_HIDDEN: Final = frozenset({b"authorization", b"dpop", b"cookie"})  # the SDK needs none of these
_INSTRUCTIONS: Final = (
    "Health measurements of one person: sleep, mood, steps and others. List the variables first."
    " The person may have allowed a part of the data only; what is not allowed looks as if it did"
    " not exist. The person sees each read."
)


def mcp_server(tools: AgentTools, issuer: str) -> Serve:
    """Serves messages whose sender is authenticated."""
    # The SDK logs parts of messages, which are health data. Refusals are in this server's log.
    logging.getLogger("mcp").setLevel(logging.CRITICAL + 1)
    described = ListToolsResult(tools=[_described(tool) for tool in TOOLS.values()])

    async def list_tools(context: Any, params: PaginatedRequestParams | None) -> ListToolsResult:
        return described

    async def call_tool(context: Any, params: CallToolRequestParams) -> CallToolResult:
        tool = TOOLS.get(params.name)
        if tool is None:
            raise MCPError(code=INVALID_PARAMS, message="there is no such tool")
        caller: Caller = context.request.scope[_CALLER]
        try:
            authorized = await authorize_tool(tools.access, issuer, caller.token, tool.scope)
            result = await tool.run(tools, authorized, params.arguments or {})
        except MeasurementError as error:
            return _result(error_text(error), failed=True)
        except Exception as error:
            caller.fault = error  # the endpoint raises it, because its response is no MCP message
            return _result("the request was refused", failed=True)
        text = msgspec.json.encode(result).decode()
        return _result(text, result)

    server: Server[Any] = Server(
        "quantimodo",
        version=version("quantimodo"),
        title="QuantiModo",
        instructions=_INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )

    async def serve(request: Request, caller: Caller) -> Response:
        manager = StreamableHTTPSessionManager(server, json_response=True, stateless=True)
        exchange = _Exchange(request)
        async with manager.run():
            await manager.handle_request(
                {**_scope(request), _CALLER: caller}, exchange.receive, exchange.send
            )
        return exchange.response()

    return serve


def _described(tool: Tool) -> ToolDescription:
    return ToolDescription(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.schema,
        annotations=ToolAnnotations(
            read_only_hint=tool.reads,
            destructive_hint=False,
            idempotent_hint=True,
            open_world_hint=False,
        ),
    )


def _result(
    text: str, structured: dict[str, Any] | None = None, *, failed: bool = False
) -> CallToolResult:
    return CallToolResult(
        content=[TextContent(type="text", text=text)],
        structured_content=structured,
        is_error=failed,
    )


def _scope(request: Request) -> dict[str, Any]:
    """The request for an ASGI application, without its credentials."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "https",
        "path": request.path,
        "raw_path": request.path.encode("ascii"),
        "root_path": "",
        "query_string": b"",
        "headers": [header for header in request.headers if header[0] not in _HIDDEN],
        "client": (request.address, 0),
        "server": None,
    }


class _Exchange:
    """One request and its response, as the SDK receives and sends them."""

    def __init__(self, request: Request) -> None:
        self._body: bytes | None = request.body
        self._status = 500
        self._headers: list[tuple[bytes, bytes]] = []
        self._sent = bytearray()

    async def receive(self) -> MutableMapping[str, Any]:
        if self._body is None:
            # The request is complete: nothing follows it.
            await asyncio.Event().wait()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = [
                header for header in message["headers"] if header[0] != b"content-length"
            ]
        else:
            self._sent += message.get("body", b"")

    def response(self) -> Response:
        body = bytes(self._sent)
        return Response(
            self._status, _first_line(body) if self._status == 400 else body, self._headers
        )


def _first_line(body: bytes) -> bytes:
    """The first line of the error: the other lines contain parts of the message."""
    try:
        message = msgspec.json.decode(body)
        message["error"]["message"] = message["error"]["message"].partition("\n")[0]
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        return body  # a text of the SDK
    return msgspec.json.encode(message)
