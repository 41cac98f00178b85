"""`quantimodo serve` ends at once by SIGTERM, also before its workers are ready.

The processes here begin with SIGTERM ignored, as the first process of a container does.
"""

import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from support.terminal import PATIENCE, Terminal

ROOT = Path(__file__).parents[2]
ENDED = 128 + signal.SIGTERM


def start(
    terminal: Terminal, command: Sequence[str], *, pass_fds: Sequence[int] = (), **settings: str
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=terminal.folder,
        env=terminal.environment(settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        pass_fds=pass_fds,
        preexec_fn=lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN),
    )


def stop(process: subprocess.Popen[str]) -> int:
    process.terminate()
    return process.wait(PATIENCE)


def silent_database(listener: socket.socket) -> Mapping[str, str]:
    """The settings of a database that accepts connections and never responds."""
    port = listener.getsockname()[1]
    return {"database": f"postgresql://someone@127.0.0.1:{port}/none", "secret_key": "A" * 43}


def test_the_console_script_handles_sigterm() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    assert scripts["quantimodo"] == "quantimodo.cli.entry_point:main"


def test_it_ends_while_it_waits_for_the_database(terminal: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = ("quantimodo.cli.entry_point", "serve", "--port", "0")
        with start(terminal, command, **silent_database(listener)) as process:
            waiting, _ = listener.accept()
            with waiting:
                assert stop(process) == ENDED


def test_a_worker_ends_while_it_waits_for_the_database(terminal: Terminal) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_server(("127.0.0.1", 0)) as served,
    ):
        number = served.fileno()
        command = ("quantimodo.cli.server.worker", str(number))
        settings = silent_database(listener)
        with start(terminal, command, pass_fds=(number,), **settings) as process:
            waiting, _ = listener.accept()
            with waiting:
                assert stop(process) == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_ends_before_its_workers_are_ready(terminal: Terminal, workers: str) -> None:
    command = ("quantimodo.cli.entry_point", "serve", "--port", "0", "--workers", workers)
    with start(terminal, command) as process:
        assert process.stdout is not None
        while "Ctrl-C" not in (line := process.stdout.readline()):
            assert line, "it ended before its workers"
        assert stop(process) in (0, ENDED)
