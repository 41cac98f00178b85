"""Where a sign-in through a provider may lead: the `redirectUrl` of contract §2.2.

Owns the decision, by what applications and the operator have registered, and with it which
applications a sign-in counts for (contract §4). What is not registered is never redirected to
(security.md 1).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from quantimodo.model.clients import Client
from quantimodo.ports.stores import ClientStore
from quantimodo.protocol.redirects import matches

MOST_CLIENTS: Final = 16
"""How many applications that share an address a sign-in counts for. Beyond that, only for those
that registered here first, so that nobody can make codes and JWTs grow or push an older one out."""


class UnregisteredRedirect(Exception):
    """Nothing may be sent to this address; the text is for the developer, and echoes nothing."""


@dataclass(frozen=True, slots=True)
class Landing:
    """An address that is registered.

    `clients`: the applications, by id, that what is sent there is good for; None: any, for it is
    sent to a page of the operator's own. `strict`: one of them is. `own`: the operator listed it.
    """

    clients: tuple[str, ...] | None
    strict: bool = False
    own: bool = False


@dataclass(frozen=True, slots=True)
class RedirectTargets:
    """`own`: the server's own `social_redirect_urls`."""

    clients: ClientStore
    own: tuple[str, ...] = ()

    async def find(self, redirect_url: str, client_id: str | None) -> Landing:
        """Whose address this is: the named application's; else the operator's, or that of all
        applications that registered it. Raises `UnregisteredRedirect`."""
        if client_id is not None:
            client = await self._named(redirect_url, client_id)
            return _of([client], own=self._is_own(redirect_url))
        own = self._is_own(redirect_url)
        # What goes to a page of the operator's is the operator's, whoever registered its address
        # too. Any application of a device can have a loopback port or a scheme of its own.
        if own and redirect_url.startswith("https://"):
            return Landing(None, own=True)
        found = await self.clients.clients_by_redirect_uri(redirect_url, limit=MOST_CLIENTS)
        if found:
            return _of(found, own=own)
        if own:
            return Landing(None, own=True)
        raise UnregisteredRedirect(
            "redirectUrl is not registered. Register it, letter by letter, as a redirect URI"
            " of your application."
        )

    async def still(self, redirect_url: str, clients: tuple[str, ...] | None) -> Landing:
        """What is left of a landing that was found before: an application that is gone, or took
        its address back, gets nothing, and none joins. Raises `UnregisteredRedirect` when nothing
        is left."""
        own = self._is_own(redirect_url)
        if clients is None:
            if own:
                return Landing(None, own=True)
            raise UnregisteredRedirect("redirectUrl is not registered any more.")
        found = [await self._token_status(redirect_url, client_id) for client_id in clients]
        left = [client for client in found if client is not None]
        if not left:
            raise UnregisteredRedirect("redirectUrl is not registered any more.")
        return _of(left, own=own)

    async def named(self, client_id: str) -> Client:
        """The application with this id. Raises `UnregisteredRedirect`."""
        client = await self.clients.client(client_id)
        if client is None or client.disabled_at is not None:
            raise UnregisteredRedirect("There is no app with this clientId here.")
        return client

    async def _named(self, redirect_url: str, client_id: str) -> Client:
        client = await self.named(client_id)
        if not self._may_have(client, redirect_url):
            raise UnregisteredRedirect("redirectUrl is not registered for this clientId.")
        return client

    async def _token_status(self, redirect_url: str, client_id: str) -> Client | None:
        try:
            return await self._named(redirect_url, client_id)
        except UnregisteredRedirect:
            return None

    def _may_have(self, client: Client, redirect_url: str) -> bool:
        if any(matches(uri, redirect_url) for uri in client.redirect_uris):
            return True
        return self._is_own(redirect_url)

    def _is_own(self, redirect_url: str) -> bool:
        return any(matches(uri, redirect_url) for uri in self.own)


def _of(clients: Iterable[Client], *, own: bool) -> Landing:
    found = list(clients)
    return Landing(
        tuple(client.id for client in found), any(client.strict for client in found), own
    )
