"""Fetches documents of clients through the guarded HTTP client (`http_client.py`)."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog

from quantimodo.outbound.errors import ProviderFault
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.outbound.responses import HttpResponse
from quantimodo.ports.document_fetcher import FetchedDocument, FetchFailed

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger("quantimodo.fetcher")

_LONGEST = 200  # characters of a cause, which the other server may have written


@dataclass(frozen=True, slots=True)
class HttpDocumentFetcher:
    """Implements `DocumentFetcher`."""

    http_client: GuardedHttpClient

    async def fetch(self, url: str, *, largest: int = 65_536) -> bytes:
        """The body of a document of at most `largest` bytes, with a status of 2xx. Raises
        `FetchFailed`."""
        return (await self._fetch(url, largest)).body

    async def fetch_cacheable(self, url: str, *, largest: int) -> FetchedDocument:
        """A document with the status 200, and its `Cache-Control`. Raises `FetchFailed`."""
        found = await self._fetch(url, largest)
        if found.status != 200:
            raise FetchFailed(f"status {found.status}")
        return FetchedDocument(found.body, found.cache_control)

    async def _fetch(self, url: str, largest: int) -> HttpResponse:
        """Log what fails."""
        try:
            return await self._get(url, largest)
        except FetchFailed as fault:
            # Only the host: the rest of an address may be a secret of the application.
            _log.warning("document.not_fetched", host=_host(url), because=str(fault)[:_LONGEST])
            raise

    async def _get(self, url: str, largest: int) -> HttpResponse:
        try:
            response = await self.http_client.get(url, headers={"accept": "*/*"})
        except ProviderFault as fault:
            raise FetchFailed(fault.because) from None
        if not response.ok:
            raise FetchFailed(f"status {response.status}")
        if len(response.body) > largest:
            raise FetchFailed(f"more than {largest} bytes")
        return response


def _host(url: str) -> str:
    """Host and port without user information; "" when `url` is not an address."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""
