"""What `AsyncOAuthSession` does differently from `OAuthSession`: tasks of one event loop.

`threads` has the same names for threads. A store is called in a thread, so that it does not block
the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Callable

from swagger_client.rest import ApiException, RESTResponse
from swagger_client.session.errors import SignInRequired
from swagger_client.session.loopback import Loopback
from swagger_client.session.request_plans import Planner, Send, no_tokens
from swagger_client.session.stores import TokenStore
from swagger_client.session.tokens import Token

Sender = Callable[[Send], Awaitable[RESTResponse]]
Sleep = Callable[[float], Awaitable[object]]

sleep: Sleep = asyncio.sleep


class TokenManager:
    """Loads, stores and renews the tokens of one session. Concurrent renewals are one task."""

    def __init__(
        self, store: TokenStore, planner: Planner, refresh: Callable[[Token], Awaitable[Token]]
    ) -> None:
        self._store = store
        self._planner = planner
        self._refresh = refresh
        self._renewal: asyncio.Task[Token] | None = None
        self._token: Token | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that no error message may show, even if the server repeats them."""
        return () if self._token is None else (self._token.access_token,)

    async def current(self) -> Token | None:
        """The tokens in use, or None."""
        if self._token is None:
            self._token = await asyncio.to_thread(self._store.load)
        return self._token

    async def save(self, token: Token) -> Token:
        """Use these tokens from now on, and store them."""
        self._token = token
        await asyncio.to_thread(self._store.save, token)
        return token

    async def discard(self) -> Token | None:
        """Delete the tokens, and return them. Waits for a renewal that is in progress."""
        if self._renewal is not None:
            await asyncio.wait({self._renewal})
        token = await asyncio.to_thread(self._store.load) or self._token
        self._token = None
        await asyncio.to_thread(self._store.clear)
        return token

    async def obtain(self, refused: str | None) -> Token:
        """A valid token that is not `refused`; renewed if necessary. Raises `SignInRequired`.

        A cancelled caller does not cancel the renewal.
        """
        token = await self.current()
        if token is not None and not self._planner.is_due(token, refused):
            return token
        if self._renewal is None:
            self._renewal = asyncio.ensure_future(self._renew(refused))
            self._renewal.add_done_callback(self._end_renewal)
        # The renewal spends a refresh token: it completes even if all callers are cancelled.
        return await asyncio.shield(self._renewal)

    def _end_renewal(self, renewal: asyncio.Task[Token]) -> None:
        self._renewal = None
        if not renewal.cancelled():
            renewal.exception()  # retrieved, even if all callers were cancelled

    async def _renew(self, refused: str | None) -> Token:
        # Another process with the same store may have renewed them.
        self._token = token = await asyncio.to_thread(self._store.load)
        if token is None:
            raise no_tokens()
        if not self._planner.is_due(token, refused):
            return token
        try:
            renewed = await self._refresh(token)
        except SignInRequired:
            self._token = None
            await asyncio.to_thread(self._store.clear)
            raise
        except ApiException:
            if self._planner.is_of_use(token, refused):
                return token
            raise
        return await self.save(renewed)


class EventLoopSession:
    """Base of `AsyncOAuthSession`: the methods that differ from `OAuthSession` in their kind."""

    _tokens: TokenManager

    async def token(self) -> Token | None:
        """The tokens in use, or None if no person is signed in."""
        return await self._tokens.current()


async def receive_callback(
    loopback: Loopback,
    begin: Callable[[], object],
    accept: Callable[[str], Awaitable[Any]],
    seconds: float,
) -> None:
    """`Loopback.wait` in a thread; `accept` runs on this event loop."""
    loop = asyncio.get_running_loop()

    async def accepted(address: str) -> None:
        await accept(address)

    def accept_from_thread(address: str) -> None:
        asyncio.run_coroutine_threadsafe(accepted(address), loop).result()

    await asyncio.to_thread(loopback.wait, begin, accept_from_thread, seconds)
