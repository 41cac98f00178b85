"""The real command in a separate process, on a SQLite file of the test."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from support.command_processes import CommandProcesses
from support.environment import no_authorities

QUANTIMODO = (sys.executable, "-m", "quantimodo.cli.main")
PATIENCE = 90


@dataclass(frozen=True)
class CommandResult:
    """The output of a command, and its exit status."""

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
        return httpx.get(
            self.url + path,
            headers=headers,
            timeout=PATIENCE,
            trust_env=False,
            verify=no_authorities(),
        )

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@dataclass
class Terminal:
    """A shell in which `quantimodo` is run, with its settings; with `commands`, in processes that
    have imported the server already."""

    folder: Path
    commands: CommandProcesses | None = None
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
        """Run it; `outside` are variables that are no settings of ours, which an interpreter may
        read at its start."""
        if self.commands is None or outside:
            result = self._run_alone(arguments, stdin, settings, outside or {})
        else:
            result = self._run_prepared(self.commands, arguments, stdin, settings)
        assert "Traceback" not in result.err, result.err
        return result

    def _run_alone(
        self,
        arguments: Sequence[str],
        stdin: str,
        settings: dict[str, str],
        outside: Mapping[str, str],
    ) -> CommandResult:
        done = subprocess.run(
            [*QUANTIMODO, *arguments],
            input=stdin,
            cwd=self.folder,
            env={**self.environment(settings), **outside},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        return CommandResult(done.returncode, done.stdout, done.stderr)

    def _run_prepared(
        self,
        commands: CommandProcesses,
        arguments: Sequence[str],
        stdin: str,
        settings: dict[str, str],
    ) -> CommandResult:
        with ExitStack() as opened:
            given, out, err = (opened.enter_context(tempfile.TemporaryFile("w+")) for _ in range(3))
            given.write(stdin)
            given.seek(0)
            code = commands.run(
                arguments,
                folder=self.folder,
                environment=self.environment(settings),
                streams=(given, out, err),
                patience=PATIENCE,
            )
            for stream in (out, err):
                stream.seek(0)
            return CommandResult(code, out.read(), err.read())

    def does(self, *arguments: str, stdin: str = "", **settings: str) -> CommandResult:
        """Run what must succeed."""
        result = self(*arguments, stdin=stdin, **settings)
        assert result.code == 0, result.err
        return result

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
