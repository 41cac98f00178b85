"""What the command takes from the outside: streams, environment, browser, time."""

from __future__ import annotations

import json
import os
import re
import sys
import time
import webbrowser
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import Callable, TextIO

# Not `QUANTIMODO_…`: a server takes those for its own settings, and refuses what it does not know.
_FOLDER = "QM_CLIENT_FOLDER"

# What would drive a terminal, turn the line around, or be no text at all. Any app that may write
# can put it into a note or a name.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True)
class CliEnvironment:
    """The real ones, unless a test gives others."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    open_browser: Callable[[str], bool] = webbrowser.open
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], object] = time.sleep

    @classmethod
    def of_this_process(cls) -> CliEnvironment:
        """The real ones. What the terminal's encoding lacks is spelled out, and stops nothing."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        return cls()

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
        """A line of what was asked for, in plain text or JSON."""
        self.out.write(f"{_printable(text)}\n")

    def tell(self, text: str) -> None:
        """A line beside it: for the person, and no script."""
        self.err.write(f"{_printable(text)}\n")
        self.err.flush()

    def hang_up(self) -> None:
        """Whoever read what was said is gone (`… | head`): drop the rest."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.out.fileno())


def _printable(text: str) -> str:
    """With what must not reach a terminal spelled as JSON spells it, so that JSON stays itself."""
    return _UNPRINTABLE.sub(lambda found: json.dumps(found[0])[1:-1], text)
