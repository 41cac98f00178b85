"""A public document of a provider, fetched when it is needed and cached for an hour.

Owns when to fetch; the caller supplies the fetch. Concurrent callers share one fetch.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from quantimodo.outbound.errors import ProviderFault, ProviderUnavailable
from quantimodo.outbound.responses import TRY_LATER
from quantimodo.ports.clock import Clock

T = TypeVar("T")

_FRESH = timedelta(hours=1)
_STALE = timedelta(hours=24)  # the oldest that is used when a newer one cannot be fetched
_AGAIN = timedelta(minutes=1)
_PAUSE = timedelta(seconds=5)


class CachedDocument(Generic[T]):
    """Raises what `fetch` raises (`ProviderFault`s) when nothing is cached."""

    def __init__(self, fetch: Callable[[], Awaitable[T]], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._value: T | None = None
        self._fetched_at: datetime | None = None
        self._failed_at: datetime | None = None
        self._provoked_at: datetime | None = None
        self._task: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """The document: at most an hour old, or a day while the provider is down."""
        known, age = self._known()
        if known is not None and age < _FRESH:
            return known
        if known is None or age >= _STALE:
            return await self._fetched(_PAUSE)
        try:
            return await self._fetched(_AGAIN)
        except ProviderFault:
            return known

    async def again(self) -> T:
        """Fetch the document again, because the cached one lacks something. At most once a minute,
        however often it is called; the last fetch by `get` does not count (OpenID Connect Core
        §10.1.1)."""
        if not self._is_fetching():
            known, _ = self._known()
            if known is not None and self._within(self._provoked_at, _AGAIN):
                return known
            self._provoked_at = self._clock.now()
        return await self._fetched(_PAUSE)

    def _known(self) -> tuple[T | None, timedelta]:
        if self._value is None or self._fetched_at is None:
            return None, timedelta()
        return self._value, self._clock.now() - self._fetched_at

    def _within(self, moment: datetime | None, pause: timedelta) -> bool:
        return moment is not None and self._clock.now() - moment < pause

    def _is_fetching(self) -> bool:
        return self._task is not None and not self._task.done()

    async def _fetched(self, pause: timedelta) -> T:
        task = self._task
        if task is None or task.done():
            if self._within(self._failed_at, pause):
                # A caller right after a failure must not wait as long as the first one did.
                raise ProviderUnavailable(TRY_LATER, because="it did not respond a moment ago")
            task = asyncio.create_task(self._run())
            task.add_done_callback(_seen)
            self._task = task
        return await asyncio.shield(task)

    async def _run(self) -> T:
        self._failed_at = self._clock.now()  # until it has succeeded
        value = await self._fetch()
        self._value, self._fetched_at, self._failed_at = value, self._clock.now(), None
        return value


def _seen(task: "asyncio.Task[T]") -> None:
    """Retrieve the task's exception, also when all waiting callers were cancelled."""
    if not task.cancelled():
        task.exception()
