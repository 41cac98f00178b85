"""Builds the registry of APIs."""

from quantimodo.app.services import AppContext
from quantimodo.clients.resources import ResourceRegistry


def resource_registry(context: AppContext) -> ResourceRegistry:
    return ResourceRegistry(
        context.token_policy.audience,
        context.stores.resources,
        context.stores.clients,
        context.registry.reserved,
        context.clock,
        context.audit,
    )
