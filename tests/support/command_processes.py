"""Commands of `quantimodo`, each in its own process that need not import the server first.

Run as a program, this imports the command line once and listens at a socket. Each connection is one
command: a child of this process runs it with its own arguments, folder, environment and standard
streams, and ends as a process of `python -m quantimodo.cli.main` does. To import the server takes
ten times longer than most commands do.
"""

import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

_MODULE = "quantimodo.cli.main"
_STREAMS = (0, 1, 2)  # standard input, output and error


@dataclass(frozen=True)
class CommandProcesses:
    """The address of the process that runs commands. Several threads may run commands at once."""

    address: str

    def run(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        streams: Sequence[IO[Any]],
        patience: float,
    ) -> int:
        """The exit code of a command. One that takes longer than `patience` seconds is killed, and
        `TimeoutError` raised."""
        command = {"arguments": arguments, "folder": str(folder), "environment": environment}
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(patience)
            connection.connect(self.address)
            socket.send_fds(connection, [b"\n"], [stream.fileno() for stream in streams])
            connection.sendall(json.dumps(command).encode() + b"\n")
            return int(connection.recv(20))


@contextmanager
def command_processes() -> Iterator[CommandProcesses]:
    """Start the process that runs commands; it ends with the tests, whatever ends them."""
    with tempfile.TemporaryDirectory(prefix="qm-commands-") as folder:
        address = str(Path(folder, "socket"))
        process = subprocess.Popen(
            [sys.executable, "-P", __file__, address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "HOME": folder},
        )
        assert process.stdout is not None
        with process:  # its end closes the standard input
            assert process.stdout.readline() == b"ready\n"
            yield CommandProcesses(address)


def _listen(address: str) -> socket.socket:
    """Start a child for each connection, until the end of standard input. Returns in the children
    only: the connection."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        print("ready", flush=True)
        while True:
            readable, _, _ = select.select([0, listener.fileno()], [], [])
            if 0 in readable:
                sys.exit()
            connection, _ = listener.accept()
            if os.fork() == 0:
                return connection
            connection.close()
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass


def _start(connection: socket.socket) -> list[str]:
    """Start the command, and send its exit code when it ends. Returns in its process only: the
    arguments."""
    _, streams, _, _ = socket.recv_fds(connection, 1, len(_STREAMS))
    with connection.makefile("rb") as lines:
        command = json.loads(lines.readline())
    process = os.fork()
    if process:
        ended = os.pidfd_open(process)
        if ended not in select.select([ended, connection.fileno()], [], [])[0]:
            os.kill(process, signal.SIGKILL)  # no client waits for it any more
        _, status = os.waitpid(process, 0)
        with suppress(BrokenPipeError):
            connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    connection.close()
    for stream, standard in zip(streams, _STREAMS, strict=True):
        os.dup2(stream, standard)
        os.close(stream)
    os.chdir(command["folder"])
    os.environ.clear()
    os.environ.update(command["environment"])
    arguments: list[str] = command["arguments"]
    return arguments


if __name__ == "__main__":
    runpy.run_module(_MODULE)
    gc.freeze()
    sys.argv[1:] = _start(_listen(sys.argv[1]))
    runpy.run_module(_MODULE, run_name="__main__", alter_sys=True)
