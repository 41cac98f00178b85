"""Builds the service of the teams of applications."""

from quantimodo.app.composition.services import AppContext
from quantimodo.clients.teams import Teams


def teams(context: AppContext) -> Teams:
    """The service over an open context."""
    stores = context.stores
    return Teams(stores.teams, stores.clients, context.audit, context.clock)
