"""The public keys of one provider, as its JWK Set lists them now."""

from collections.abc import Awaitable, Callable, Collection

from quantimodo.crypto.provider_tokens import (
    BadKeySet,
    ProviderKey,
    UnknownKey,
    VerifiedToken,
    parse_key_set,
    verify,
)
from quantimodo.federation.cached_document import CachedDocument
from quantimodo.model.secrets import Secret
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.outbound.responses import invalid_response
from quantimodo.ports.clock import Clock


class PublicKeys:
    """Fetched at the first token, then hourly, and at once for an unknown key, at most once a
    minute."""

    def __init__(
        self, http_client: GuardedHttpClient, clock: Clock, locate: Callable[[], Awaitable[str]]
    ) -> None:
        self._http_client = http_client
        self._locate = locate
        self._keys = CachedDocument(self._fetch, clock)

    async def verify(self, token: Secret, algorithms: Collection[str]) -> VerifiedToken:
        """A token that one of the keys signed. Raises `crypto.jwt.BadToken`, `ProviderFault`."""
        try:
            return verify(token.reveal(), await self._keys.get(), algorithms)
        except UnknownKey:
            return verify(token.reveal(), await self._keys.again(), algorithms)

    async def fetch(self) -> None:
        """Fetch the keys unless they are cached. Raises `ProviderFault`."""
        await self._keys.get()

    async def probe(self) -> None:
        """Fetch the keys, cached or not, and keep what is cached. Raises `ProviderFault`."""
        await self._fetch()

    async def _fetch(self) -> tuple[ProviderKey, ...]:
        response = await self._http_client.get(await self._locate())
        if not response.ok:
            raise invalid_response(f"its keys: status {response.status}")
        try:
            return parse_key_set(response.json())
        except BadKeySet as fault:
            raise invalid_response("its keys: none that we can use") from fault
