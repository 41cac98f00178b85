"""Calls both kinds of session in the same way, so that each test covers both."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from recorded_server import RecordedServer

from swagger_client.session import AsyncOAuthSession, OAuthSession, Token

TOKEN_PATH = "/api/v2/oauth2/access_token"
REVOKE_PATH = "/api/v2/oauth2/revoke"
ME = "/api/v1/user/me"
MEASUREMENTS = "/api/v1/measurements"
START = 1_800_000_000.0

SESSIONS: list[type[Any]] = [OAuthSession, AsyncOAuthSession]


class Time:
    """A clock that advances only by waits."""

    def __init__(self) -> None:
        self.now = START
        self.waits: list[float] = []

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


class SessionDriver:
    """A session of either kind; sync ones run on a thread."""

    def __init__(self, kind: type[Any], server: RecordedServer, **given: Any) -> None:
        self.time = Time()
        given = {"scope": "basic", "redirect_uri": "http://127.0.0.1/callback", **given}
        self.is_async = kind is AsyncOAuthSession
        sleep: Callable[[float], Any] = self._sleep if self.is_async else self.time.wait
        self.session = kind(
            "some-client", server=server.address, clock=lambda: self.time.now, sleep=sleep, **given
        )

    async def _sleep(self, seconds: float) -> None:
        self.time.wait(seconds)

    async def call(self, name: str, *args: Any, **given: Any) -> Any:
        """Call a method; an iterator is read to its end."""
        method = getattr(self.session, name)
        if not self.is_async:
            return await asyncio.to_thread(lambda: _whole(method(*args, **given)))
        result = method(*args, **given)
        if inspect.isawaitable(result):
            return await result
        return [item async for item in result] if hasattr(result, "__aiter__") else result

    async def token(self) -> Token | None:
        if self.is_async:
            found: Token | None = await self.session.token()
            return found
        stored_token: Token | None = self.session.token
        return stored_token

    async def close(self) -> None:
        await self.call("close")


def _whole(result: Any) -> Any:
    plain = isinstance(result, dict | list | str | tuple)
    return list(result) if hasattr(result, "__iter__") and not plain else result


def tokens(number: int = 1, **changes: Any) -> dict[str, Any]:
    """The response of a token endpoint."""
    return {
        "access_token": f"qma_fake-access-{number}",
        "token_type": "Bearer",
        "expires_in": 3600,
        "refresh_token": f"qmr_fake-refresh-{number}",
        "scope": "basic",
        **changes,
    }


def stored_token(number: int = 1, lifetime: float = 3600.0) -> Token:
    """Those tokens, as a session stores them."""
    return Token(
        f"qma_fake-access-{number}", f"qmr_fake-refresh-{number}", START + lifetime, "basic"
    )
