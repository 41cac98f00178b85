"""An answer leaves in one piece, and nothing is lost or kept back by that."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from quantimodo.cli.connection import Gathering


class _Wire(asyncio.Transport):
    """A transport that notes what was done with it."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[object] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.done.append(bytes(data))

    def __getattribute__(self, name: str) -> Any:
        if name in ("close", "abort", "write_eof", "pause_reading", "resume_reading"):
            return lambda: self.done.append(name)
        return super().__getattribute__(name)


@pytest.fixture
def wire() -> _Wire:
    return _Wire()


@pytest.fixture
async def gathering(wire: _Wire) -> Gathering:
    return Gathering(wire, asyncio.get_running_loop())


async def test_head_and_body_are_one_write(wire: _Wire, gathering: Gathering) -> None:
    gathering.write(b"head ")
    gathering.write(b"body")
    await asyncio.sleep(0)
    assert wire.done == [b"head body"]


async def test_a_head_alone_leaves_with_the_turn(wire: _Wire, gathering: Gathering) -> None:
    gathering.write(b"head")
    assert wire.done == []
    await asyncio.sleep(0)
    assert wire.done == [b"head"]


async def test_order_is_kept_over_many_writes(wire: _Wire, gathering: Gathering) -> None:
    for number in range(7):
        gathering.write(b"%d" % number)
    gathering.write(b"")
    gathering.writelines([b"7", b"8"])
    await asyncio.sleep(0)
    assert b"".join(piece for piece in wire.done if isinstance(piece, bytes)) == b"012345678"


@pytest.mark.parametrize("end", ["close", "write_eof"])
async def test_an_end_comes_after_what_was_written(
    end: str, wire: _Wire, gathering: Gathering
) -> None:
    gathering.write(b"last")
    finish: Callable[[], None] = getattr(gathering, end)
    finish()
    assert wire.done == [b"last", end]
    await asyncio.sleep(0)
    assert wire.done == [b"last", end]


async def test_an_abort_drops_what_waits(wire: _Wire, gathering: Gathering) -> None:
    gathering.write(b"never")
    gathering.abort()
    await asyncio.sleep(0)
    assert wire.done == ["abort"]


async def test_an_empty_write_is_nothing(wire: _Wire, gathering: Gathering) -> None:
    gathering.write(b"")
    await asyncio.sleep(0)
    assert wire.done == []
