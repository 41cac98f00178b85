"""Cancels work for a client when its connection ends."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from quantimodo.http.asgi import Receive

T = TypeVar("T")


class ClientDisconnected(Exception):
    """The client disconnected before the response; nothing can be sent to it."""


async def disconnected(receive: Receive) -> None:
    """Return when the client disconnects, or has the whole response (ASGI `http.disconnect`)."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`. Cancels `work` and raises `ClientDisconnected` when the client
    disconnects.

    The body of the request must have been read: messages that are not a disconnect are dropped.
    """
    disconnect = asyncio.ensure_future(disconnected(receive))
    try:
        return await _run_until(disconnect, work)
    finally:
        disconnect.cancel()


async def next_chunk(
    disconnect: "asyncio.Future[None]", chunks: AsyncGenerator[T, None]
) -> T | None:
    """The next chunk, or None at the end. Raises `ClientDisconnected` as soon as `disconnect` is
    done."""
    return await _run_until(disconnect, _next(chunks))


async def _next(chunks: AsyncGenerator[T, None]) -> T | None:
    return await anext(chunks, None)


async def _run_until(disconnect: "asyncio.Future[None]", work: Coroutine[Any, Any, T]) -> T:
    task = asyncio.create_task(work)
    try:
        either: tuple[asyncio.Future[Any], ...] = (task, disconnect)
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if disconnect.done():
            raise ClientDisconnected
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task
