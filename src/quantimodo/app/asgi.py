"""The ASGI application of one worker, for ASGI servers: the instance `app`, or the factory
`create`.

The settings come from the environment, the configuration file and the database, read at the start.
"""

import gc
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from quantimodo.app.composition.server import open_server
from quantimodo.app.composition.services import prepare
from quantimodo.app.logging import configure_logging
from quantimodo.app.requests.dispatch import Dispatcher
from quantimodo.app.requests.traced_dispatcher import TracedDispatcher
from quantimodo.app.settings.reading import BadSettings, Loaded
from quantimodo.app.settings.stored import read_settings
from quantimodo.http.asgi import FRAMING_REFUSED, Asgi, Receive, Scope, Send

# How long one thread may keep the interpreter while another waits. The writer thread returns its
# batch to the event loop many times a second, and the default of 5 ms would be most of the latency.
_SWITCH_INTERVAL = 0.0005
# Waiting requests have thousands of objects, which each collection would traverse without result.
_OBJECTS_BETWEEN_COLLECTIONS = 10_000


class Application:
    """The lifespan protocol around a worker; every request goes to its dispatcher.

    With `prepares` the start does what `quantimodo serve` does before its workers: it migrates the
    database and makes keys. Safe in any number of processes at once. A start that fails is refused
    with its reason by `lifespan.startup.failed`, which servers log.
    """

    def __init__(self, read: Callable[[], Awaitable[Loaded]], *, prepares: bool) -> None:
        self._read = read
        self._prepares = prepares
        self._server: AbstractAsyncContextManager[Dispatcher | TracedDispatcher] | None = None
        self._dispatcher: Dispatcher | TracedDispatcher | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._dispatcher is not None and scope["type"] == "http":
            await self._dispatcher(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif scope["type"] == "http":
            await _not_started(send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        fault = await self._start()
        if fault is not None:
            await send({"type": "lifespan.startup.failed", "message": fault})
            return
        if self._dispatcher is not None and "state" in scope:
            scope["state"][FRAMING_REFUSED] = self._dispatcher.framing_refused
        await send({"type": "lifespan.startup.complete"})
        await receive()
        server, self._server, self._dispatcher = self._server, None, None
        if server is not None:
            await server.__aexit__(None, None, None)
        await send({"type": "lifespan.shutdown.complete"})

    async def _start(self) -> str | None:
        """Start the worker. Returns the reason why it cannot start, or None."""
        try:
            settings = (await self._read()).settings
            sampler = configure_logging(settings.log_level)
            sys.setswitchinterval(_SWITCH_INTERVAL)
            if self._prepares:
                await prepare(settings)
            self._server = open_server(settings, sampler)
            self._dispatcher = await self._server.__aenter__()
            _tune_garbage_collection()
        except BadSettings as error:
            return "; ".join(error.faults)
        except Exception as error:
            return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return None


def create() -> Asgi:
    """The application for any ASGI server that runs the lifespan protocol (a factory)."""
    return Application(read_settings, prepares=True)


def create_worker() -> Asgi:
    """The application for a worker of `quantimodo serve`, which has prepared everything."""
    return Application(read_settings, prepares=False)


# For servers that take an instance: `quantimodo.app.asgi:app`. Reads nothing before it starts.
app = create()


async def _not_started(send: Send) -> None:
    text = "the server has not started: it needs an ASGI server with the lifespan protocol on"
    body = json.dumps({"error": "temporarily_unavailable", "error_description": text}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"cache-control", b"no-store"),
        (b"retry-after", b"1"),
        (b"content-length", b"%d" % len(body)),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _tune_garbage_collection() -> None:
    """Exclude the objects of the start from garbage collections, because they stay until the end:
    to traverse them would delay requests by tens of milliseconds. Nearly all objects of requests
    are freed without a collection, so collections may be rare."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
