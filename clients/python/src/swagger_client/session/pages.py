"""Long lists, a page at a time: the call for the next page, and iterators over all pages."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Callable, Generic, TypeVar
from urllib.parse import parse_qsl, urlsplit

from swagger_client.calls import Call, Pairs
from swagger_client.frames import frame_of
from swagger_client.models import Measurement
from swagger_client.rest import Headers

if TYPE_CHECKING:
    from collections.abc import Awaitable

T = TypeVar("T")
PAGE = 200  # the most items that the server returns in one response

_LINK = re.compile(r'<([^>]*)>\s*((?:;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^",;\s]*)\s*)*)')
_NEXT = re.compile(r';\s*rel\s*=\s*"?[^";]*\bnext\b', re.IGNORECASE)


def next_page(call: Call[Any], headers: Headers, count: int) -> Call[Any] | None:
    """The call for the page after this one, which had `count` items; None after the last.

    Only the query of a link in the response is used, so it cannot lead to another server.
    """
    if count == 0:
        return None
    query = _linked_query(headers)
    if query is None:
        query = _counted_query(call.query, headers, count)
    return None if query is None or query == call.query else replace(call, query=query)


def page_of(filters: Mapping[str, Any], page_size: int, limit: int | None) -> Mapping[str, Any]:
    """Filters for the first page: no more than are wanted at all."""
    size = page_size if limit is None else max(1, min(page_size, limit))
    return {**filters, "limit": size}


def total_of(headers: Headers) -> int | None:
    """How many items there are on all pages, if the server says so."""
    total = headers.get("total-count", "")
    return int(total) if total.isascii() and total.isdigit() else None


def _linked_query(headers: Headers) -> Pairs | None:
    for address, parameters in _LINK.findall(headers.get("link", "")):
        if _NEXT.search(parameters):
            return tuple(parse_qsl(urlsplit(address).query, keep_blank_values=True))
    return None


def _counted_query(query: Pairs, headers: Headers, count: int) -> Pairs | None:
    parameters = dict(query)
    reached = int(parameters.get("offset", 0)) + count
    total = total_of(headers)
    if total is None or reached >= total:
        return None
    others = tuple(pair for pair in query if pair[0] != "offset")
    return (*others, ("offset", str(reached)))


class Listing(Generic[T]):
    """A list at the server, read as it is iterated; each iteration reads it anew."""

    def __init__(
        self,
        call: Call[list[T]],
        send: Callable[[Call[list[T]]], tuple[list[T], Headers]],
        limit: int | None = None,
    ) -> None:
        self._call = call
        self._send = send
        self._limit = limit

    def pages(self) -> Iterator[list[T]]:
        """The items, a page at a time."""
        call: Call[list[T]] | None = self._call
        left = self._limit
        while call is not None and left != 0:
            items, headers = self._send(call)
            call = next_page(call, headers, len(items))
            items = items[:left]
            left = None if left is None else left - len(items)
            yield items

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page

    def count(self) -> int | None:
        """How many there are at the server, or None if unknown. Requests one of them."""
        _, headers = self._send(_one_item(self._call))
        return total_of(headers)


class AsyncListing(Generic[T]):
    """A list at the server, read as it is iterated; each iteration reads it anew."""

    def __init__(
        self,
        call: Call[list[T]],
        send: Callable[[Call[list[T]]], Awaitable[tuple[list[T], Headers]]],
        limit: int | None = None,
    ) -> None:
        self._call = call
        self._send = send
        self._limit = limit

    async def pages(self) -> AsyncIterator[list[T]]:
        """The items, a page at a time."""
        call: Call[list[T]] | None = self._call
        left = self._limit
        while call is not None and left != 0:
            items, headers = await self._send(call)
            call = next_page(call, headers, len(items))
            items = items[:left]
            left = None if left is None else left - len(items)
            yield items

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page:
                yield item

    async def count(self) -> int | None:
        """How many there are at the server, or None if unknown. Requests one of them."""
        _, headers = await self._send(_one_item(self._call))
        return total_of(headers)


class Measurements(Listing[Measurement]):
    """Measurements of the person."""

    def to_pandas(self) -> Any:
        """All of them as a `pandas.DataFrame`, by time. Needs `quantimodo-client[pandas]`."""
        return frame_of(list(self))


class AsyncMeasurements(AsyncListing[Measurement]):
    """Measurements of the person."""

    async def to_pandas(self) -> Any:
        """All of them as a `pandas.DataFrame`, by time. Needs `quantimodo-client[pandas]`."""
        return frame_of([measurement async for measurement in self])


def _one_item(call: Call[list[T]]) -> Call[list[T]]:
    others = tuple(pair for pair in call.query if pair[0] not in ("limit", "offset"))
    return replace(call, query=(*others, ("limit", "1")))
