"""Clients whose id is the address of their metadata (Client ID Metadata Document).

Owns the policy, when a document is fetched, and its stored copy, which is a row of `clients`. The
token endpoint uses that copy and fetches nothing. What a document may say is decided by
`protocol/client_documents.py`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Final, Literal
from weakref import WeakValueDictionary

import msgspec

from quantimodo.clients.errors import InvalidMetadata
from quantimodo.clients.registry import Registry
from quantimodo.model.client_documents import ClientDocument
from quantimodo.model.clients import Client
from quantimodo.ports.client_document_store import ClientDocumentStore
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.clock import Clock
from quantimodo.ports.document_fetcher import DocumentFetcher, FetchFailed
from quantimodo.ports.stores import Conflict
from quantimodo.protocol.client_documents import (
    LARGEST,
    DocumentRefused,
    check_document_id,
    has_other_keys,
    is_document_id,
    parse_document,
    seconds_fresh,
)
from quantimodo.protocol.errors import OAuthError
from quantimodo.protocol.registration import Registration, normalise

MOST_OF_HOST: Final = 100
MOST: Final = 10_000
"""Stored documents."""
_SHORTEST: Final = timedelta(minutes=5)
_DEFAULT: Final = timedelta(hours=1)
_LONGEST: Final = timedelta(days=1)
_PRECISION: Final = timedelta(hours=1)
"""Of the time of the last use."""


@dataclass(frozen=True, slots=True)
class ClientDocumentPolicy:
    """`hosts` count in the mode `allowlist`."""

    mode: Literal["off", "allowlist", "on"] = "off"
    hosts: frozenset[str] = frozenset()

    def allows(self, client_id: str) -> bool:
        """Whether a client with this id may be used; always for ids of this server."""
        if not is_document_id(client_id) or self.mode == "on":
            return True
        return self.mode == "allowlist" and _host(client_id) in self.hosts


@dataclass(frozen=True, slots=True)
class ClientDocuments:
    policy: ClientDocumentPolicy
    store: ClientDocumentStore
    clients: ClientStore
    registry: Registry
    fetcher: DocumentFetcher
    clock: Clock
    _locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    async def stored(self, client_id: str) -> Client | None:
        """The client by its stored copy, if it may be used; also one of this server."""
        return await self.clients.client(client_id) if self.policy.allows(client_id) else None

    async def current(
        self, client_id: str, before_fetch: Callable[[], Awaitable[None]]
    ) -> Client | None:
        """The client by a copy that is fresh; also one of this server. `before_fetch` is called
        before a fetch.

        Raises `DocumentRefused` for a document that cannot be fetched or used. Nothing is stored
        then (Client ID Metadata Document §5.2), so the next request fetches again.
        """
        if not is_document_id(client_id) or not self.policy.allows(client_id):
            return await self.stored(client_id)
        host = check_document_id(client_id)
        lock = self._locks.setdefault(client_id, asyncio.Lock())
        async with lock:
            document = await self.store.document(client_id)
            now = self.clock.now()
            if document is not None and now < document.fresh_until:
                if now - document.used_at > _PRECISION:
                    await self.store.record_document_use(client_id, now)
                if client := await self.clients.client(client_id):
                    return client
            await before_fetch()
            return await self._fetch(client_id, host)

    async def _fetch(self, client_id: str, host: str) -> Client | None:
        try:
            fetched = await self.fetcher.fetch_cacheable(client_id, largest=LARGEST)
            registration = normalise(parse_document(client_id, msgspec.json.decode(fetched.body)))
            await self.registry.check(registration)
        except FetchFailed:
            raise DocumentRefused("it cannot be fetched") from None
        except (msgspec.DecodeError, RecursionError):
            raise DocumentRefused("it is not JSON") from None
        except InvalidMetadata as fault:
            raise DocumentRefused(f"{fault.field} {fault.message}") from None
        except OAuthError as fault:
            raise DocumentRefused(fault.description) from None
        now = self.clock.now()
        seconds = seconds_fresh(fetched.cache_control)
        age = _DEFAULT if seconds is None else timedelta(seconds=seconds)
        fresh_until = now + min(max(age, _SHORTEST), _LONGEST)
        # The row comes first, so that each stored client counts.
        await self.store.save_document(
            ClientDocument(client_id=client_id, host=host, fresh_until=fresh_until, used_at=now),
            most_of_host=MOST_OF_HOST,
            most=MOST,
        )
        await self._save(client_id, registration, now)
        return await self.clients.client(client_id)

    async def _save(self, client_id: str, registration: Registration, now: datetime) -> None:
        before = await self.clients.client(client_id)
        first = before or Client(id=client_id, name="", created_at=now)
        values = {each.name: getattr(registration, each.name) for each in fields(Registration)}
        after = replace(first, **values)
        if before is None:
            try:
                await self.clients.add_client(after)
            except Conflict:
                return  # another process stored it in the meantime
            if await self.store.document(client_id) is None:
                # Others displaced its document in the meantime: each stored client counts.
                await self.clients.delete_client(client_id)
        elif after != before:
            if has_other_keys(before, after):
                # People are asked again: an earlier consent was to another program.
                after = replace(after, created_at=now)
            await self.clients.replace_client(after)


def _host(client_id: str) -> str:
    try:
        return check_document_id(client_id)
    except DocumentRefused:
        return ""
