"""Fetching documents at addresses that applications registered."""

from typing import Protocol


class FetchFailed(Exception):
    """The document cannot be fetched; the text is for the log, and holds no secret."""


class DocumentFetcher(Protocol):
    async def get(self, url: str, *, largest: int = 65_536) -> bytes:
        """The document, of at most `largest` bytes. Raises `FetchFailed`."""
