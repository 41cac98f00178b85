"""The real server for tests: a supervisor and its worker processes over one socket.

They are one process group, gone when the tests are, whatever ends them: a shell waits for the end
of its standard input, which is the end of its parent process, and then kills the group.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from random import SystemRandom
from typing import Any

import psutil
import pytest

from quantimodo.app.settings.reading import Settings, load_settings

_START_SECONDS = 60.0
_POLL = 0.01
_WORKER = "quantimodo.cli.server.worker"
_SUPERVISE = '"$@" & read -r _; kill -9 0'
# Below the range from which the system takes ports for outgoing connections.
_PORTS = range(20_000, 30_000)


def environment_for(database: str, port: int, **changes: str) -> dict[str, str]:
    """The settings of a test server as its environment; `tokens__code_lifetime="60s"` and so on."""
    environment = {
        "QUANTIMODO_DATABASE": database,
        "QUANTIMODO_PORT": str(port),
        "QUANTIMODO_SECRET_KEY": "A" * 43,
        "QUANTIMODO_LOG_LEVEL": "warning",
    }
    return environment | {f"QUANTIMODO_{name.upper()}": value for name, value in changes.items()}


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens now, and which no outgoing connection takes."""
    while True:
        port = SystemRandom().choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class Workers:
    """`count` workers under their supervisor, which can be killed and started again."""

    def __init__(self, environment: Mapping[str, str], log: Path, *, count: int) -> None:
        self.settings: Settings = load_settings(environment)
        self.port = self.settings.port
        self.count = count
        self._environment = environment
        self._log = log
        self._group: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start them, and wait until the first one responds."""
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("QUANTIMODO_")
        }
        with self._log.open("ab") as log:
            self._group = subprocess.Popen(
                ["sh", "-c", _SUPERVISE, "sh", *self._command()],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**inherited, **self._environment, "TMPDIR": str(self._log.parent)},
                start_new_session=True,
            )
        self._await_response()

    def kill(self) -> None:
        """`kill -9` the supervisor and every worker in one call; wait until all are gone."""
        if self._group is None:
            return
        doomed = self._everyone()
        os.killpg(self._group.pid, signal.SIGKILL)
        self._group.wait()
        while any(_runs(process) for process in doomed):
            time.sleep(_POLL)
        assert self._group.stdin is not None
        self._group.stdin.close()
        self._group = None

    def pids(self) -> list[int]:
        """The workers as they are now."""
        return [process.pid for process in self._everyone() if _is_worker(process)]

    def incidents(self) -> list[str]:
        """What the server's log calls an error, but for workers that were killed."""
        lines = self._log.read_text().splitlines()
        errors = [line for line in lines if '"level": "error"' in line or "Traceback" in line]
        return [line for line in errors if "worker died" not in line]

    def log_lines(self) -> list[dict[str, Any]]:
        """The lines of the log, as they are now."""
        lines = self._log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def _everyone(self) -> list[psutil.Process]:
        assert self._group is not None
        return psutil.Process(self._group.pid).children(recursive=True)

    def _command(self) -> list[str]:
        return [sys.executable, "-m", "quantimodo.cli.main", "serve", "--workers", str(self.count)]

    def _await_response(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        begun = False
        while not _is_ready(self.port):
            alive = bool(self._everyone())
            begun = begun or alive
            if time.monotonic() > deadline or (begun and not alive):
                self.kill()
                pytest.fail(f"the server did not start:\n{self._log.read_text()}")
            time.sleep(_POLL)


def _is_worker(process: psutil.Process) -> bool:
    try:
        return _WORKER in process.cmdline()
    except psutil.Error:
        return False


def _runs(process: psutil.Process) -> bool:
    try:
        # The process that adopts orphans may take a while to reap them.
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _is_ready(port: int) -> bool:
    request = b"GET /health/ready HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_START_SECONDS) as probe:
            probe.sendall(request)
            return probe.recv(12) == b"HTTP/1.1 200"
    except OSError:
        return False
