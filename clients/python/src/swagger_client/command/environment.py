"""The dependencies of the command on its process: streams, environment, browser, time."""

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

# Not `QUANTIMODO_…`: the server reads those as its settings, and refuses unknown ones.
_FOLDER = "QM_CLIENT_FOLDER"
_SERVER = "QM_SERVER"
_HOME = "https://app.quantimo.do"

# Control characters, changes of text direction, and surrogates. Any application with write access
# can put them into a note or a name.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True)
class CliEnvironment:
    """The streams, variables, browser and time of the command; tests replace them."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    open_browser: Callable[[str], bool] = webbrowser.open
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], object] = time.sleep

    @classmethod
    def of_this_process(cls) -> CliEnvironment:
        """Those of this process. Characters that the terminal cannot encode are escaped."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        return cls()

    @property
    def folder(self) -> Path:
        """The folder in which the command stores the account."""
        if folder := self.environment.get(_FOLDER):
            return Path(folder)
        parent = self.environment.get("APPDATA") or self.environment.get("XDG_CONFIG_HOME")
        return (Path(parent) if parent else Path.home() / ".config") / "quantimodo-client"

    @property
    def server(self) -> str:
        """The server to use where no option names one."""
        return self.environment.get(_SERVER) or _HOME

    def print_result(self, text: str) -> None:
        """Write a line of the result to the standard output, as plain text or JSON."""
        self.out.write(f"{_printable(text)}\n")

    def print_message(self, text: str) -> None:
        """Write a line for the person to the standard error."""
        self.err.write(f"{_printable(text)}\n")
        self.err.flush()

    def discard_output(self) -> None:
        """Drop the remaining output, after its reader has closed the pipe (`… | head`)."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.out.fileno())


def _printable(text: str) -> str:
    """`text` with unprintable characters escaped as in JSON, so that JSON stays valid."""
    return _UNPRINTABLE.sub(lambda found: json.dumps(found[0])[1:-1], text)
