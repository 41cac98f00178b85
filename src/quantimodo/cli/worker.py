"""One worker process: `python -m quantimodo.cli.worker SOCKET [supervised]`.

Serves on an open listening socket that it inherits, with the settings of its environment, and
knows nothing of the command line: so that one of several workers holds in memory what serving
needs, and no more. A supervised one ends when its supervisor does, whatever became of that.
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

from quantimodo.app.settings import Settings, load_machine
from quantimodo.cli.admission import (
    Admission,
    ConnectionPolicy,
    most_connections,
    raise_descriptor_limit,
)
from quantimodo.cli.connection import Connection

SUPERVISED = "supervised"


def serve(listener: socket.socket, settings: Settings) -> None:
    """Serve until the stop signal, then finish the requests in progress."""
    admission = Admission(_connection_policy(settings))
    config = uvicorn.Config(
        "quantimodo.app.asgi:create_worker",
        factory=True,
        loop="uvloop",
        http=partial(Connection, admission=admission),  # type: ignore[arg-type]
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        # Its warnings are of what strangers send: a line for each would be theirs to fill a disk.
        log_level="error",
        # Who is calling is decided in `app/proxies.py`.
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=int(settings.connections.idle_timeout.total_seconds()),
        timeout_graceful_shutdown=int(settings.graceful_stop.total_seconds()),
    )
    uvicorn.Server(config).run(sockets=[listener])


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
        # uvicorn raises the signal that stopped it once more when it is done: that is no failure.
        signal.signal(signal.SIGTERM, _stop)
        signal.signal(signal.SIGINT, _stop)
        if SUPERVISED in arguments:
            threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()
        serve(socket.socket(fileno=int(arguments[0])), load_machine(os.environ))
    except SystemExit as end:
        _leave(end.code if isinstance(end.code, int) else 1)
    _leave(0)


def _leave(code: int) -> NoReturn:
    """End at once. All of ours is closed by now, and the interpreter would take its modules apart
    for a tenth of a second: in each worker, all at the same time, which is most of a stop."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def _end_with_parent() -> None:
    """Standard input is a pipe that only the supervisor holds open."""
    os.read(sys.stdin.fileno(), 1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main(sys.argv[1:])
