"""The store of exchanged access tokens (RFC 8693).

The promises of `stores.py` hold here too.
"""

from typing import Protocol

from quantimodo.model.exchanged_tokens import ExchangedToken
from quantimodo.model.tokens import FoundAccessToken


class ExchangedTokenReader(Protocol):
    async def exchanged_token(self, key: bytes) -> FoundAccessToken | None:
        """The token with this key, expired and revoked ones included, in one read, and one more for
        a longer chain. It is revoked when the token that was exchanged, its grant, its person, or a
        client that acts is."""


class ExchangedTokenStore(ExchangedTokenReader, Protocol):
    async def add_exchanged_token(self, token: ExchangedToken) -> None:
        """Save it. It may have ended already: only a read shows that. Raises `Conflict` when the
        parent was deleted, also in a concurrent call."""

    async def delete_exchanged_token(self, key: bytes) -> bool:
        """Delete it, with all that it was exchanged for; False if there is none."""
