"""Where a sign-in through a provider may lead: the `redirectUrl` of contract §2.2.

Owns the decision, by what applications and the operator have registered. What is not registered is
never redirected to (security.md 1).
"""

from dataclasses import dataclass

from quantimodo.model.clients import Client
from quantimodo.ports.stores import ClientStore
from quantimodo.protocol.redirects import matches


class NoLanding(Exception):
    """Nothing may be sent to this address; the text is for the developer, and echoes nothing."""


@dataclass(frozen=True, slots=True)
class Landings:
    """`own`: the server's own `social_redirect_urls`."""

    clients: ClientStore
    own: tuple[str, ...] = ()

    async def find(self, redirect_url: str, client_id: str | None) -> Client | None:
        """The one application whose address this is; None for the operator's own, and for one
        that several share. Raises `NoLanding`."""
        if client_id is not None:
            return await self._of_client(redirect_url, client_id)
        if self._is_own(redirect_url):
            return None
        found = await self.clients.clients_by_redirect_uri(redirect_url)
        if not found:
            raise NoLanding(
                "redirectUrl is not registered. Register it, letter by letter, as a redirect URI"
                " of your application."
            )
        # Whoever registers the address of another application must not take its sign-ins away.
        return found[0] if len(found) == 1 else None

    async def _of_client(self, redirect_url: str, client_id: str) -> Client:
        client = await self.clients.client(client_id)
        if client is None or client.disabled_at is not None:
            raise NoLanding("There is no app with this clientId here.")
        registered = any(matches(uri, redirect_url) for uri in client.redirect_uris)
        if not registered and not self._is_own(redirect_url):
            raise NoLanding("redirectUrl is not registered for this clientId.")
        return client

    def _is_own(self, redirect_url: str) -> bool:
        return any(matches(uri, redirect_url) for uri in self.own)
