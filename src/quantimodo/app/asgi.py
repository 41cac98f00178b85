"""What an ASGI server imports: `create()` gives the application of one worker.

The settings come from the environment and the configuration file, read once.
"""

import gc
import sys
from contextlib import AbstractAsyncContextManager

from quantimodo.app.dispatch import Asgi, Dispatcher, Receive, Scope, Send
from quantimodo.app.logging import configure_logging
from quantimodo.app.server import open_server
from quantimodo.app.settings import Settings, load_settings

# How long one thread may keep the interpreter while another waits: the writer hands its batch
# back to the loop many times a second, and the default of 5 ms would be most of the latency.
_SWITCH_INTERVAL = 0.0005


class Application:
    """The lifespan protocol around a worker; every request goes to its dispatcher."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._server: AbstractAsyncContextManager[Dispatcher] | None = None
        self._dispatcher: Dispatcher | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._dispatcher is not None and scope["type"] == "http":
            await self._dispatcher(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            self._server = open_server(self._settings)
            self._dispatcher = await self._server.__aenter__()
            _settle_in()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._server.__aexit__(None, None, None)
        await send({"type": "lifespan.shutdown.complete"})


def create() -> Asgi:
    """The application, from the environment's settings."""
    settings = load_settings()
    configure_logging(settings.log_level)
    sys.setswitchinterval(_SWITCH_INTERVAL)
    return Application(settings)


def _settle_in() -> None:
    """What was made so far stays until the end: no collection need walk through it, which would
    hold up requests for tens of milliseconds now and then."""
    gc.collect()
    gc.freeze()
