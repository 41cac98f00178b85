"""`/mcp`: checks the host, the origin and the token of a request. The SDK serves the message
(`sdk.py`).

A token for this resource opens nothing else, and a token for another resource does not open this
one (MCP 2026-07-28, Authorization, Token Handling; RFC 8707).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from quantimodo.agents.message_scopes import needed_scope
from quantimodo.agents.tools import TOOLS
from quantimodo.http.json import PRIVATE, private_json
from quantimodo.http.messages import Request, Response
from quantimodo.model.tokens import FoundAccessToken
from quantimodo.protocol.discovery import MCP, PROTECTED_RESOURCE
from quantimodo.protocol.errors import BearerError
from quantimodo.protocol.scopes import SCOPE_OF_ACTION
from quantimodo.resource.bearer_authentication import insufficient
from quantimodo.resource.measurements import READ, AuthorizedRequest, MeasurementAccess

_SCOPES: Mapping[str, str] = {tool.name: tool.scope for tool in TOOLS.values()}
_ALL = " ".join(SCOPE_OF_ACTION.values())


@dataclass(slots=True)
class Caller:
    """The access token of one request. `fault` is an exception of a tool that the endpoint has to
    raise."""

    token: FoundAccessToken
    fault: Exception | None = None


Serve = Callable[[Request, Caller], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Origins:
    """The hosts and origins from which requests are accepted. This refuses DNS rebinding, where the
    host is the attacker's, and scripts of other sites."""

    hosts: frozenset[str]
    origins: frozenset[str]

    @classmethod
    def of(cls, issuer: str, others: tuple[str, ...]) -> "Origins":
        """The host and the origin of the issuer, and other origins."""
        parts = urlsplit(issuer)
        usual = {"https": 443, "http": 80}[parts.scheme]
        hosts = {parts.netloc}
        if parts.port is None:
            hosts.add(f"{parts.netloc}:{usual}")
        return cls(frozenset(hosts), frozenset({issuer, *others}))

    def refusal(self, request: Request) -> Response | None:
        """The response to another host or origin, None if both are accepted (MCP 2026-07-28,
        Streamable HTTP, Security & Endpoint)."""
        host, origin = request.header(b"host"), request.header(b"origin")
        if host is None or host.lower() not in self.hosts:
            # RFC 9110 §15.5.20
            return _refused(421, "this host is not the one of this server's issuer")
        if origin is not None and origin.lower() not in self.origins:
            return _refused(403, "scripts of this origin may not use this resource")
        return None


@dataclass(frozen=True, slots=True)
class McpEndpoint:
    """`POST /mcp`. `issuer` is that of this server."""

    issuer: str
    origins: Origins
    access: MeasurementAccess
    serve: Serve

    async def __call__(self, request: Request) -> Response:
        refusal = self.origins.refusal(request)
        if refusal is not None:
            return refusal
        needed = needed_scope(request.body, _SCOPES)
        try:
            token = await self.access.bearer.authenticate(request)
            if needed is not None:
                await authorize_tool(self.access, self.issuer, token, needed)
            elif token.user is None:
                raise insufficient(token, READ)
            caller = Caller(token)
            response = await self.serve(request, caller)
            if caller.fault is not None:
                raise caller.fault
        except BearerError as error:
            error.resource_metadata = self.issuer + PROTECTED_RESOURCE + MCP
            # MCP 2026-07-28, Authorization, Scope Selection Strategy: without a token, the
            # challenge names all scopes of the tools, so that the person decides once.
            error.scope = error.scope or _ALL
            raise
        return Response(response.status, response.body, (*response.headers, *PRIVATE))


async def authorize_tool(
    access: MeasurementAccess, issuer: str, token: FoundAccessToken, scope: str
) -> AuthorizedRequest:
    """What the person of the token allows with this scope. Raises `InsufficientScope`."""
    return await access.authorize_token(token, f"{issuer}{MCP}#0:{scope}")


def _refused(status: int, text: str) -> Response:
    return private_json(status, {"error": "invalid_request", "error_description": text})
