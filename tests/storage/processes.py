"""Processes of `contenders.py`: started all at one moment, read, and killed."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PROGRAM = Path(__file__).with_name("prepared_contenders.py")


@dataclass(frozen=True, slots=True)
class Contender:
    """A process that is ready, and waits for `begin`."""

    pid: int
    output: StreamReader
    _input: StreamWriter

    def begin(self) -> None:
        self._input.write(b"\n")

    async def response(self) -> Any:
        """What it writes at its end."""
        text = await self._rest()
        assert text.endswith(b"\n"), "the process failed"
        return json.loads(text)

    async def kill(self) -> bytes:
        """Kill it at once; what it wrote before."""
        os.kill(self.pid, signal.SIGKILL)
        return await self._rest()

    async def _rest(self) -> bytes:
        text = await self.output.read()  # to its end: the process closes it last
        self._input.close()
        with suppress(ConnectionError):
            await self._input.wait_closed()
        return text


@dataclass(frozen=True, slots=True)
class Contenders:
    """The address of the process that forks them."""

    address: str

    async def start(self, url: str, name: str, action: str, *arguments: str) -> Contender:
        output, input_ = await asyncio.open_unix_connection(self.address, limit=2**24)
        input_.write(json.dumps([url, name, action, *arguments]).encode() + b"\n")
        pid = int(await output.readline())
        line = await output.readline()
        assert line == b"ready\n", line
        return Contender(pid, output, input_)

    async def contend(self, count: int, url: str, action: str, *arguments: str) -> dict[str, Any]:
        """The response of each of `count` processes, by its name."""
        names = [f"p{number}" for number in range(count)]
        started = await asyncio.gather(
            *(self.start(url, name, action, *arguments) for name in names)
        )
        for each in started:
            each.begin()
        responses = await asyncio.gather(*(each.response() for each in started))
        return dict(zip(names, responses, strict=True))


@contextmanager
def open_contenders() -> Iterator[Contenders]:
    """Start the process that forks them; it ends with the tests, whatever ends them."""
    with tempfile.TemporaryDirectory(prefix="qm-contend-") as folder:
        address = str(Path(folder, "socket"))
        process = subprocess.Popen(
            [sys.executable, str(_PROGRAM), address], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        with process:  # its end closes the standard input
            assert process.stdout.readline() == b"ready\n"
            yield Contenders(address)
