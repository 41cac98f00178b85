"""Builds the MCP server, if the operator turned it on."""

from collections.abc import Callable, Sequence
from importlib import import_module

from quantimodo.agents.endpoint import McpEndpoint, Origins, Serve
from quantimodo.agents.tools import AgentTools
from quantimodo.app.composition.authorization import access_tokens, client_certificates, dpop_proofs
from quantimodo.app.composition.measurement_routes import step_up
from quantimodo.app.composition.policies import offered_features
from quantimodo.app.composition.services import AppContext
from quantimodo.clients.built_in_resources import agents_api
from quantimodo.endpoints.discovery import ResourceMetadataEndpoint
from quantimodo.endpoints.routes import AgentEndpoints, ApiRoute, agent_routes
from quantimodo.protocol.discovery import agents_resource
from quantimodo.protocol.resources import audience
from quantimodo.resource.bearer_authentication import BearerAuthentication
from quantimodo.resource.bound_tokens import BoundTokens
from quantimodo.resource.measurements import MeasurementAccess
from quantimodo.tokens.access_tokens import TokensFor

SDK = "quantimodo.agents.sdk"
"""Imported only if it is used: it needs the extra, and loads pydantic."""


def agent_endpoints(context: AppContext) -> Sequence[ApiRoute]:
    """The routes for agents; none if `mcp.enabled` is off."""
    settings = context.settings
    if not settings.mcp.enabled:
        return ()
    issuer, access = settings.issuer, _access(context)
    tools = AgentTools(access, context.measurement_service, context.stores.clients)
    mcp_server: Callable[[AgentTools, str], Serve] = import_module(SDK).mcp_server
    origins = Origins.of(issuer, settings.mcp.allowed_origins)
    return agent_routes(
        AgentEndpoints(
            McpEndpoint(issuer, origins, access, mcp_server(tools, issuer)),
            ResourceMetadataEndpoint(agents_resource(issuer, offered_features(settings))),
        )
    )


def _access(context: AppContext) -> MeasurementAccess:
    """Access to measurements as at the API, for tokens of this resource."""
    stores, policy = context.stores, context.token_policy
    tokens = access_tokens(context)
    bearer = BearerAuthentication(
        TokensFor(tokens, audience(agents_api(policy.issuer))),
        stores.clients,
        context.metrics,
        BoundTokens(dpop_proofs(context), client_certificates(context), stores.clients),
        legacy_transport=False,
    )
    return MeasurementAccess(
        bearer,
        context.accesses,
        context.clock,
        context.reads,
        context.references,
        step_up(context),
    )
