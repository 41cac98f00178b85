"""A shell into which a test pastes one block after another, as a reader does."""

import asyncio
from pathlib import Path

_END = "that was the block"


class Shell:
    """One process of `sh`; variables and functions stay from block to block."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def open(cls, folder: Path | None = None) -> "Shell":
        """Starts it in `folder`."""
        return cls(
            await asyncio.create_subprocess_exec(
                "sh", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=folder
            )
        )

    async def paste(self, text: str) -> str:
        """Runs a block, and returns its output."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{text}\necho; echo '{_END}'\n".encode())
        output = await self._process.stdout.readuntil(f"{_END}\n".encode())
        return output.decode().removesuffix(f"{_END}\n").strip()

    async def close(self) -> None:
        """Ends it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
