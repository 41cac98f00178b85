"""The types of ASGI, and this server's extension to it."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

# A key of `scope["extensions"]`: a function of `cli/server/connection.py` that sends a complete
# response in one call, `(status, head, body) -> bool`.
WHOLE: Final = "quantimodo.whole"
# A key of the lifespan state: `(status, because) -> None`, for requests that
# `cli/server/connection.py` refuses because of their framing. They never reach the application.
FRAMING_REFUSED: Final = "quantimodo.framing_refused"
