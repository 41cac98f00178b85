"""The real command in a separate process, on a SQLite file of the test."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

QUANTIMODO = (sys.executable, "-m", "quantimodo.cli.main")
PATIENCE = 90


@dataclass(frozen=True)
class CommandResult:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Server:
    """A running `quantimodo serve`."""

    process: subprocess.Popen[str]
    banner: str
    url: str

    def get(
        self, path: str = "/.well-known/openid-configuration", **headers: str
    ) -> httpx.Response:
        return httpx.get(self.url + path, headers=headers, timeout=PATIENCE, trust_env=False)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@dataclass
class Terminal:
    """A shell in which `quantimodo` is run, with its settings."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    servers: list[Server] = field(default_factory=list)

    def environment(self, settings: dict[str, str]) -> dict[str, str]:
        named = {**self.settings, **settings}
        ours = {f"QUANTIMODO_{name.upper()}": value for name, value in named.items()}
        home = {"HOME": str(self.folder), "TMPDIR": str(self.folder)}
        return {"PATH": os.environ["PATH"], **home, **ours}

    def __call__(
        self,
        *arguments: str,
        stdin: str = "",
        outside: Mapping[str, str] | None = None,
        **settings: str,
    ) -> CommandResult:
        """Run it; `outside` are variables that are no settings of ours."""
        done = subprocess.run(
            [*QUANTIMODO, *arguments],
            input=stdin,
            cwd=self.folder,
            env={**self.environment(settings), **(outside or {})},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return CommandResult(done.returncode, done.stdout, done.stderr)

    def does(self, *arguments: str, stdin: str = "", **settings: str) -> CommandResult:
        """Run what must succeed."""
        response = self(*arguments, stdin=stdin, **settings)
        assert response.code == 0, response.err
        return response

    def serve(self, *arguments: str, **settings: str) -> Server:
        with (self.folder / "serve.err").open("a") as errors:
            process = subprocess.Popen(
                [*QUANTIMODO, "serve", "--port", "0", *arguments],
                cwd=self.folder,
                env=self.environment(settings),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert process.stdout is not None
        banner = ""
        while "Ctrl-C" not in banner and (line := process.stdout.readline()):
            banner += line
        found = re.search(r"at (http://\S+)", banner)
        assert found, (self.folder / "serve.err").read_text()
        self.servers.append(Server(process, banner, found[1]))
        return self.servers[-1]
