"""Fetching documents at addresses that applications registered."""

from dataclasses import dataclass, field
from typing import Protocol


class FetchFailed(Exception):
    """The document cannot be fetched; the text is for the log, and holds no secret."""


@dataclass(frozen=True, slots=True)
class FetchedDocument:
    """A document with the `Cache-Control` of its response (RFC 9111 §5.2)."""

    body: bytes = field(repr=False)
    cache_control: str = ""


class DocumentFetcher(Protocol):
    async def fetch(self, url: str, *, largest: int = 65_536) -> bytes:
        """The body of the document, of at most `largest` bytes. Raises `FetchFailed`."""

    async def fetch_cacheable(self, url: str, *, largest: int) -> FetchedDocument:
        """The document of a response with the status 200, with its `Cache-Control`. Raises
        `FetchFailed`."""
