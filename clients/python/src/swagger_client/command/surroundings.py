"""What the command takes from the outside: streams, environment, browser, time."""

from __future__ import annotations

import os
import sys
import time
import webbrowser
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, TextIO

# Not `QUANTIMODO_…`: a server takes those for its own settings, and refuses what it does not know.
_FOLDER = "QM_CLIENT_FOLDER"


@dataclass(frozen=True)
class Surroundings:
    """The real ones, unless a test gives others."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    open_browser: Callable[[str], bool] = webbrowser.open
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], object] = time.sleep

    @property
    def folder(self) -> Path:
        """Where the command keeps who is signed in."""
        if told := self.environment.get(_FOLDER):
            return Path(told)
        ours = "quantimodo-client"
        if told := self.environment.get("APPDATA"):
            return Path(told) / ours
        if told := self.environment.get("XDG_CONFIG_HOME"):
            return Path(told) / ours
        return Path.home() / ".config" / ours

    def say(self, text: str) -> None:
        """A line of what was asked for."""
        self.out.write(f"{text}\n")

    def tell(self, text: str) -> None:
        """A line beside it: for the person, and no script."""
        self.err.write(f"{text}\n")
        self.err.flush()

    def hang_up(self) -> None:
        """Whoever read what was said is gone (`… | head`): drop the rest."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.out.fileno())
