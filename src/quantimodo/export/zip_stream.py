"""Writes a ZIP file to a stream, in constant memory, with compression outside of the event loop.

`zipfile` of the standard library writes to a stream that cannot seek: sizes and checksums follow
the data of each file. Files are written with ZIP64 sizes, because their size is not known before.
`zipstream-ng` and `stream-zip` do the same; each would be one more dependency, and reads its
sources from synchronous code.
"""

import asyncio
import io
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from datetime import UTC, datetime
from functools import partial
from typing import IO, Any, Final, TypeVar
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from quantimodo.export.parts import Part

T = TypeVar("T")

_READABLE_BY_OWNER: Final = 0o600 << 16


class _Sink(io.RawIOBase):
    """Collects what is written until it is taken; cannot seek."""

    def __init__(self) -> None:
        super().__init__()
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        before = len(self._written)
        self._written += data
        return len(self._written) - before

    def take(self) -> bytes:
        taken = bytes(self._written)
        self._written.clear()
        return taken


async def zip_stream(parts: AsyncIterator[Part], at: datetime) -> AsyncGenerator[bytes, None]:
    """The bytes of a ZIP file with these files, which are dated `at`."""
    sink, name, entry = _Sink(), "", None
    archive = ZipFile(sink, "w", ZIP_DEFLATED)
    try:
        async for part in parts:
            if entry is None or part.name != name:
                if entry is not None:
                    entry.close()
                name, entry = part.name, _begin(archive, part.name, at)
            await in_thread(partial(entry.write, part.data))
            if taken := sink.take():
                yield taken
    finally:
        if entry is not None:
            entry.close()
        archive.close()
    yield sink.take()


async def in_thread(work: Callable[[], T]) -> T:
    """The result of `work`, done in a thread. A cancelled caller waits until the thread is done,
    so that nothing is used by two threads."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _begin(archive: ZipFile, name: str, at: datetime) -> IO[bytes]:
    info = ZipInfo(name, at.astimezone(UTC).timetuple()[:6])
    info.compress_type = ZIP_DEFLATED
    info.external_attr = _READABLE_BY_OWNER
    return archive.open(info, "w", force_zip64=True)
