"""The documents behind `jwks_uri` of clients: fetched, cached, and bounded.

In open mode any caller can register a client, so fetches and cached bytes are limited for one host
and in total. Each process has its own cache.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from quantimodo.ports.clock import Clock
from quantimodo.ports.document_fetcher import DocumentFetcher, FetchFailed

_FRESH: Final = timedelta(hours=1)
_RETRY_AFTER: Final = timedelta(seconds=5)
_MINUTE: Final = timedelta(minutes=1)
_LARGEST: Final = 65_536  # bytes of one document
_ENTRY_BYTES: Final = 512  # bytes of an entry without its document, as they count


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDocumentPolicy:
    """Fetches in one minute and cached bytes, for one host and in total."""

    fetches_per_host: int = 300
    fetches: int = 3_000
    bytes_per_host: int = 1_048_576
    bytes: int = 16_777_216


DEFAULT_POLICY: Final = KeyDocumentPolicy()


@dataclass(slots=True, eq=False)
class _Entry:
    """The document of one client at one address, when it was fetched, and when it was tried."""

    host: str
    size: int = _ENTRY_BYTES
    document: Mapping[str, Any] = field(default_factory=dict)
    fetched_at: datetime | None = None
    tried_at: datetime | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class KeyDocuments:
    """Documents are fresh for an hour. A caller that needs a newer one gets it at most every five
    seconds."""

    def __init__(
        self, fetcher: DocumentFetcher, clock: Clock, policy: KeyDocumentPolicy = DEFAULT_POLICY
    ) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._policy = policy
        self._entries: OrderedDict[tuple[str, str], _Entry] = OrderedDict()
        self._bytes: Counter[str] = Counter()  # by host
        self.cached_bytes = 0
        self._fetches: Counter[str] = Counter()  # by host, since `_minute`
        self._all_fetches = 0
        self._minute: datetime | None = None

    async def fetch(self, client_id: str, uri: str, *, again: bool) -> Mapping[str, Any] | None:
        """The document, or the last one that could be fetched; None without any. `again` requests
        one that is newer than the cached one.

        Two clients with one address have an entry each: a later one does not use an earlier one's
        document.
        """
        key = client_id, uri
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _Entry(_host(uri))
            self._count(entry.host, entry.size)
        self._entries.move_to_end(key)
        self._evict(entry)
        async with entry.lock:
            if self._is_due(entry, again) and self._may_fetch(entry.host):
                await self._fetch(key, entry)
                self._evict(entry)
        return None if entry.fetched_at is None else entry.document

    def _is_due(self, entry: _Entry, again: bool) -> bool:
        now = self._clock.now()
        if entry.tried_at is not None and now - entry.tried_at < _RETRY_AFTER:
            return False
        return again or entry.fetched_at is None or now - entry.fetched_at >= _FRESH

    def _may_fetch(self, host: str) -> bool:
        now = self._clock.now()
        if self._minute is None or now - self._minute >= _MINUTE:
            self._minute = now
            self._fetches.clear()
            self._all_fetches = 0
        if self._fetches[host] >= self._policy.fetches_per_host:
            return False
        if self._all_fetches >= self._policy.fetches:
            return False
        self._fetches[host] += 1
        self._all_fetches += 1
        return True

    async def _fetch(self, key: tuple[str, str], entry: _Entry) -> None:
        """A failure leaves the cached document in use."""
        entry.tried_at = self._clock.now()
        try:
            text = await self._fetcher.fetch(key[1], largest=_LARGEST)
            document = msgspec.json.decode(text)
        except (FetchFailed, msgspec.DecodeError, RecursionError):
            return
        if not isinstance(document, dict):
            return
        size = _ENTRY_BYTES + len(text)
        if self._entries.get(key) is entry:  # not evicted meanwhile
            self._count(entry.host, size - entry.size)
        entry.size = size
        entry.document, entry.fetched_at = document, self._clock.now()

    def _evict(self, newest: _Entry) -> None:
        """Remove the entries that were not used for the longest time: of the host, then of all."""
        host = newest.host
        if self._bytes[host] > self._policy.bytes_per_host:
            of_host = [key for key, each in self._entries.items() if each.host == host]
            for key in of_host:
                if self._bytes[host] <= self._policy.bytes_per_host:
                    break
                self._remove(key)
        while self.cached_bytes > self._policy.bytes and self._entries:
            self._remove(next(iter(self._entries)))

    def _remove(self, key: tuple[str, str]) -> None:
        entry = self._entries.pop(key)
        self._count(entry.host, -entry.size)

    def _count(self, host: str, size: int) -> None:
        self.cached_bytes += size
        self._bytes[host] += size
        if not self._bytes[host]:
            del self._bytes[host]


def _host(uri: str) -> str:
    try:
        return urlsplit(uri).hostname or ""
    except ValueError:
        return ""
