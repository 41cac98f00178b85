"""Where a sign-in through a provider may redirect to: the `redirectUrl` of v2-api.md §2.2.

Decides by the addresses that applications and the operator have registered, and determines which
applications a sign-in is for (v2-api.md §4). An address that is not registered is never redirected
to (security.md §1).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from quantimodo.model.clients import Client
from quantimodo.ports.client_stores import ClientStore
from quantimodo.protocol.redirects import matches

MOST_CLIENTS: Final = 16
"""The most applications with the same address that a sign-in is for: the ones registered first. So
a new registration cannot enlarge codes and JWTs, and cannot displace an older application."""


class UnregisteredRedirect(Exception):
    """The address is not registered; the text is for the developer, and echoes nothing."""


@dataclass(frozen=True, slots=True)
class RedirectTarget:
    """A registered address.

    `clients`: the ids of the applications that codes and JWTs sent there are for; None: any,
    because it is a page of the operator. `strict`: one of them is. `own`: the operator listed it.
    """

    clients: tuple[str, ...] | None
    strict: bool = False
    own: bool = False


@dataclass(frozen=True, slots=True)
class RedirectTargets:
    """`own`: the setting `social_redirect_urls`."""

    clients: ClientStore
    own: tuple[str, ...] = ()

    async def find(self, redirect_url: str, client_id: str | None) -> RedirectTarget:
        """The target at this address: the named application's; otherwise the operator's, or that of
        all applications that registered it. Raises `UnregisteredRedirect`."""
        if client_id is not None:
            client = await self._named(redirect_url, client_id)
            return _of([client], own=self._is_own(redirect_url))
        own = self._is_own(redirect_url)
        # A page of the operator stays the operator's, even if others register its address. A
        # loopback port or a private scheme can belong to any application of a device.
        if own and redirect_url.startswith("https://"):
            return RedirectTarget(None, own=True)
        found = await self.clients.clients_by_redirect_uri(redirect_url, limit=MOST_CLIENTS)
        if found:
            return _of(found, own=own)
        if own:
            return RedirectTarget(None, own=True)
        raise UnregisteredRedirect(
            "redirectUrl is not registered. Register exactly this address as a redirect URI of"
            " your application."
        )

    async def still(self, redirect_url: str, clients: tuple[str, ...] | None) -> RedirectTarget:
        """The present state of a target that was found earlier: only with those of its applications
        that still have the address. Raises `UnregisteredRedirect` when none is left."""
        own = self._is_own(redirect_url)
        if clients is None:
            if own:
                return RedirectTarget(None, own=True)
            raise UnregisteredRedirect("redirectUrl is not registered any more.")
        found = [await self._still_named(redirect_url, client_id) for client_id in clients]
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

    async def _still_named(self, redirect_url: str, client_id: str) -> Client | None:
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


def _of(clients: Iterable[Client], *, own: bool) -> RedirectTarget:
    found = list(clients)
    return RedirectTarget(
        tuple(client.id for client in found), any(client.strict for client in found), own
    )
