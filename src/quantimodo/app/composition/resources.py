"""Builds the registry of APIs, and that of clients with metadata documents."""

from quantimodo.app.composition.policies import client_document_policy
from quantimodo.app.composition.services import AppContext
from quantimodo.clients.metadata_documents import ClientDocuments
from quantimodo.clients.resources import ResourceRegistry


def resource_registry(context: AppContext) -> ResourceRegistry:
    """The registry of APIs."""
    return ResourceRegistry(
        context.token_policy.audience,
        context.stores.resources,
        context.stores.clients,
        context.registry.reserved,
        context.clock,
        context.audit,
    )


def client_documents(context: AppContext) -> ClientDocuments:
    """The clients that publish a metadata document. One object serves a worker, so that concurrent
    requests fetch an address once."""
    return ClientDocuments(
        client_document_policy(context.settings),
        context.stores.client_documents,
        context.stores.clients,
        context.registry,
        context.fetcher,
        context.clock,
    )
