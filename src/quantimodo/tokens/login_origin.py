"""The claims of a login JWT that state how it was obtained and which applications may use it
(v2-api.md §4, security.md §14b). `tokens/login_jwts.py` verifies the signature."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from quantimodo.crypto.digests import digest
from quantimodo.crypto.jwt import base64url
from quantimodo.model.clients import Client
from quantimodo.protocol.redirects import portless

_BY_CODE: Final = "login_code"
_BY_PROVIDER: Final = "provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginOrigin:
    """How a login JWT was obtained.

    `clients`: ids of the applications that may use it; None: all, because it was issued to the
    operator's own. `address`: the digest of the `redirectUrl` that an application must still have
    registered; None if there is no such condition. `by_code`: it was exchanged for a login code, so
    the person was in a browser. `https`: that browser was redirected to an https address, which
    belongs to one application only (RFC 8252 §8.6).
    """

    clients: tuple[str, ...] | None
    address: str | None = None
    by_code: bool = False
    https: bool = True

    def counts_for(self, client: Client) -> bool:
        """Whether the JWT may be used for this application, as it is registered now."""
        if self.clients is not None and client.id not in self.clients:
            return False
        return self.address is None or any(
            name_of(uri) == self.address for uri in client.redirect_uris
        )

    def claims(self) -> dict[str, Any]:
        """The claims of the JWT, of bounded size."""
        claims: dict[str, Any] = {"via": _BY_CODE if self.by_code else _BY_PROVIDER}
        if self.clients is not None and len(self.clients) == 1:
            claims["azp"] = self.clients[0]
        elif self.clients is not None:
            claims["clients"] = list(self.clients)
        if self.address is not None or self.by_code:
            claims["redirect"] = {"https": self.https}
            if self.address is not None:
                claims["redirect"]["sha256"] = self.address
        return claims


def origin_of(claims: Mapping[str, Any]) -> LoginOrigin | None:
    """The origin that a login JWT states; None if it is incomplete, and the JWT is refused."""
    via, redirect = claims.get("via"), claims.get("redirect")
    if via not in (_BY_CODE, _BY_PROVIDER) or (redirect is None and via == _BY_CODE):
        return None
    redirect = redirect or {}
    clients, address = _clients(claims), redirect.get("sha256")
    # Only an address of the operator gives a JWT that is bound to no application.
    if clients == () or (clients is None and address is not None):
        return None
    return LoginOrigin(
        clients=clients,
        address=address,
        by_code=via == _BY_CODE,
        https=redirect.get("https") is True or not redirect,
    )


def name_of(redirect_url: str) -> str:
    """A digest of an address, the same for all addresses that match one registered URI."""
    return base64url(digest(portless(redirect_url))).decode()


def _clients(claims: Mapping[str, Any]) -> tuple[str, ...] | None:
    if "azp" in claims:
        return (claims["azp"],)
    return tuple(claims["clients"]) if "clients" in claims else None
