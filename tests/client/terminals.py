"""Somebody at a terminal, who types what the client's command takes."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from driven import START

from swagger_client.command.environment import CliEnvironment
from swagger_client.command.main import main
from swagger_client.session import FileStore


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@dataclass
class Person:
    """Somebody at a terminal. `browser` is what happens when the command opens one."""

    folder: Path
    browser: Callable[[str], bool] = lambda _: True
    environment: dict[str, str] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    now: float = START
    out: str = ""
    err: str = ""

    def types(self, *words: str, terminal: bool = False) -> int:
        out, err = (Terminal() if terminal else io.StringIO() for _ in range(2))
        around = CliEnvironment(
            out=out,
            err=err,
            environment={"QM_CLIENT_FOLDER": str(self.folder), **self.environment},
            open_browser=self.browser,
            clock=lambda: self.now,
            sleep=self.sleep,
        )
        status = main(words, around)
        self.out, self.err = out.getvalue(), err.getvalue()
        return status

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    @property
    def store(self) -> FileStore:
        return FileStore(self.folder / "tokens.json")
