"""A person at a terminal who runs the client's command."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from session_driver import START

from swagger_client.command.environment import CliEnvironment
from swagger_client.command.main import main
from swagger_client.session import FileStore


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@dataclass
class TerminalUser:
    """A person at a terminal. `browser` is called when the command opens a browser."""

    folder: Path
    browser: Callable[[str], bool] = lambda _: True
    environment: dict[str, str] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    now: float = START
    out: str = ""
    err: str = ""

    def run(self, *words: str, terminal: bool = False) -> int:
        out, err = (Terminal() if terminal else io.StringIO() for _ in range(2))
        env = CliEnvironment(
            out=out,
            err=err,
            environment={"QM_CLIENT_FOLDER": str(self.folder), **self.environment},
            open_browser=self.browser,
            clock=lambda: self.now,
            sleep=self.sleep,
        )
        status = main(words, env)
        self.out, self.err = out.getvalue(), err.getvalue()
        return status

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    @property
    def store(self) -> FileStore:
        return FileStore(self.folder / "tokens.json")
