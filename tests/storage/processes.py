"""Starts processes of `contenders.py`, all at one moment, and reads what they say."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

_SCRIPT = Path(__file__).with_name("contenders.py")


async def start(url: str, name: str, action: str, *arguments: str) -> Process:
    """A process that is ready, and waits for `begin`."""
    command = [sys.executable, str(_SCRIPT), url, name, action, *arguments]
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert process.stdout is not None
    line = await process.stdout.readline()
    assert line == b"ready\n", line
    return process


def begin(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")


async def contend(count: int, url: str, action: str, *arguments: str) -> dict[str, Any]:
    """What each of so many processes answered, by its name."""
    names = [f"p{number}" for number in range(count)]
    processes = await asyncio.gather(*(start(url, name, action, *arguments) for name in names))
    for process in processes:
        begin(process)
    responses = await asyncio.gather(*(_response(process) for process in processes))
    return dict(zip(names, responses, strict=True))


async def _response(process: Process) -> Any:
    out, _ = await process.communicate()
    assert process.returncode == 0
    return json.loads(out)
