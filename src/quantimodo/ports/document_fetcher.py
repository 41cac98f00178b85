"""Documents at addresses that applications registered, as the house sees them."""

from typing import Protocol


class FetchFailed(Exception):
    """There is nothing to be had there; the text is for the log, and holds no secret."""


class DocumentFetcher(Protocol):
    async def get(self, url: str, *, largest: int = 65_536) -> bytes:
        """The document, of at most `largest` bytes. Raises `FetchFailed`."""
