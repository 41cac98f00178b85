"""One worker process: `python -m quantimodo.cli.server.worker SOCKET [supervised]`.

Serves on an inherited listening socket, with the settings of its environment. It does not import
the command line, so that each of several workers needs less memory. A supervised worker ends when
its supervisor ends, also if that is killed.
"""

import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from functools import partial
from ipaddress import ip_network
from types import FrameType
from typing import NoReturn

import uvicorn

from quantimodo.app.settings.reading import Settings, load_machine
from quantimodo.cli.server.connection import Connection
from quantimodo.cli.server.connection_limits import (
    ConnectionLimiter,
    ConnectionPolicy,
    most_connections,
    raise_descriptor_limit,
)

SUPERVISED = "supervised"


def serve(listener: socket.socket, settings: Settings) -> None:
    """Serve until the stop signal, then finish the requests in progress."""
    admission = ConnectionLimiter(_connection_policy(settings))
    config = uvicorn.Config(
        "quantimodo.app.asgi:create_worker",
        factory=True,
        loop="uvloop",
        http=partial(Connection, admission=admission),  # type: ignore[arg-type]
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        # Its warnings are about what callers send: a line for each could fill a disk.
        log_level="error",
        # `app/requests/proxies.py` decides the address of the caller.
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=int(settings.connections.idle_timeout.total_seconds()),
        timeout_graceful_shutdown=int(settings.graceful_stop.total_seconds()),
    )
    _Server(config).run(sockets=[listener])


class _Server(uvicorn.Server):
    """A server that a signal ends at once while it starts: it has no request to finish, and what
    it waits for (a database that does not respond) may take longer than the stop may."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The handler of the signals that stop the server."""
        if not self.started:
            _exit(0)
        super().handle_exit(sig, frame)


def _connection_policy(settings: Settings) -> ConnectionPolicy:
    connections = settings.connections
    return ConnectionPolicy(
        total=most_connections(raise_descriptor_limit()),
        per_address=connections.per_address,
        request_timeout=connections.request_timeout.total_seconds(),
        write_timeout=connections.write_timeout.total_seconds(),
        exempt=[ip_network(cidr, strict=False) for cidr in settings.trusted_proxies],
    )


def main(arguments: Sequence[str]) -> NoReturn:
    """Serve on the inherited socket until a signal; never returns."""
    try:
        # uvicorn raises the signal that stopped it again at the end, which is no failure.
        signal.signal(signal.SIGTERM, _stop)
        signal.signal(signal.SIGINT, _stop)
        if SUPERVISED in arguments:
            threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()
        serve(socket.socket(fileno=int(arguments[0])), load_machine(os.environ))
    except SystemExit as end:
        _exit(end.code if isinstance(end.code, int) else 1)
    _exit(0)


def _exit(code: int) -> NoReturn:
    """End at once. Everything is closed, and the interpreter would free its modules for a tenth of
    a second in each worker at the same time, which is most of the duration of a stop."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _stop(number: int, frame: FrameType | None) -> None:
    # Not by an exception: one that is raised in a callback of a weak reference is lost.
    _exit(0)


def _end_with_parent() -> None:
    """Standard input is a pipe that only the supervisor holds open."""
    os.read(sys.stdin.fileno(), 1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main(sys.argv[1:])
