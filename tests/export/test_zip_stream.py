"""A ZIP file that is streamed: other programs open it, and nothing is left when its reader left."""

import asyncio
import io
import subprocess
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from quantimodo.export.parts import Part
from quantimodo.export.zip_stream import zip_stream

AT = datetime(2026, 11, 29, 12, 30, tzinfo=UTC)
FILES = {"README.txt": b"Read me.\n", "data/empty.csv": b"", "data/ünï.csv": b"0123456789" * 90_000}


async def parts() -> AsyncIterator[Part]:
    for name, data in FILES.items():
        yield Part(name, b"")
        for first in range(0, len(data), 4_096):
            yield Part(name, data[first : first + 4_096])


async def whole() -> bytes:
    return b"".join([chunk async for chunk in zip_stream(parts(), AT)])


async def test_python_reads_every_file_as_it_was() -> None:
    with zipfile.ZipFile(io.BytesIO(await whole())) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == FILES
        assert {info.date_time for info in archive.infolist()} == {AT.timetuple()[:6]}


async def test_unzip_finds_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    path.write_bytes(await whole())
    tested = subprocess.run(["unzip", "-t", path], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "No errors detected" in tested.stdout


async def test_a_source_that_fails_leaves_no_whole_file() -> None:
    async def failing() -> AsyncIterator[Part]:
        yield Part("a", b"some bytes")
        raise ConnectionError

    chunks, sent = zip_stream(failing(), AT), bytearray()
    sent += await anext(chunks)
    with pytest.raises(ConnectionError):
        await anext(chunks)
    assert sent
    assert not zipfile.is_zipfile(io.BytesIO(bytes(sent)))


async def test_a_reader_that_leaves_ends_the_source() -> None:
    ended, begun = asyncio.Event(), asyncio.Event()

    async def endless() -> AsyncIterator[Part]:
        try:
            yield Part("a", b"some bytes")
            begun.set()
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def read() -> None:
        async for _ in zip_stream(endless(), AT):
            pass

    reading = asyncio.create_task(read())
    await begun.wait()
    reading.cancel()
    await asyncio.wait([reading])
    assert reading.cancelled()
    assert ended.is_set()
