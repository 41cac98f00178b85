"""Opens the stores of the configured database."""

from dataclasses import replace

from quantimodo.app.composition.limits import quota_policy
from quantimodo.app.composition.policies import search_policy
from quantimodo.app.settings.reading import Settings
from quantimodo.clients.built_in_resources import ResourcesWithBuiltIn, agents_api
from quantimodo.ports.stores import Stores
from quantimodo.ports.tracing import Tracer
from quantimodo.storage.open import open_stores


async def open_configured_stores(settings: Settings, tracer: Tracer | None = None) -> Stores:
    """The stores, with the built-in resources that are turned on. The caller closes them."""
    policies = search_policy(settings), quota_policy(settings)
    stores = await open_stores(settings.database, *policies, tracer)
    if not settings.mcp.enabled:
        return stores
    api = agents_api(settings.issuer)
    return replace(stores, resources=ResourcesWithBuiltIn(stores.resources, {api.identifier: api}))
