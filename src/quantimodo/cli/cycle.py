"""One request of a connection and its response, as uvicorn's cycle sends it."""

import json
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from quantimodo.app.dispatch import Asgi, Receive, Scope, Send
from quantimodo.cli.framing import Refused
from quantimodo.cli.gathering import Gathering


class Cycle(RequestResponseCycle):
    """One request and its response."""

    def hang_up(self) -> None:
        """What the application sends from now on is dropped; it reads a disconnect."""
        if not self.response_complete:
            self.disconnected = True
        self.message_event.set()

    def decide_keep_alive(self) -> None:
        """RFC 9110 §10.1.1: a client that was not told to continue may send its body or not, so
        that nobody can tell what comes next on this connection."""
        if self.waiting_for_100_continue and self.more_body:
            self.keep_alive = False

    async def send(self, message: Any) -> None:
        if not self.response_started:
            self.decide_keep_alive()
        await super().send(message)


def answer_whole(cycle: Cycle, gathering: Gathering, status: int, head: bytes, body: bytes) -> bool:
    """What `cycle.send` does with a head and a body that are complete; False when it has to.

    `head` is the lines of headers that were checked before, the length of the body among them
    not: it is added here.
    """
    if cycle.flow.write_paused or cycle.response_started or cycle.scope["method"] == "HEAD":
        return False
    if cycle.disconnected:
        return True
    cycle.decide_keep_alive()
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    own = b"".join([b"%b: %b\r\n" % header for header in cycle.default_headers])
    last = b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n"
    length = b"content-length: %d\r\n" % len(body)
    gathering.write_whole(b"".join((STATUS_LINE[status], own, head, length, last, body)))
    cycle.message_event.set()
    if not cycle.keep_alive:
        gathering.close()
    cycle.on_response()
    return True


def refusal(fault: Refused) -> Asgi:
    """An application that answers with this refusal, whatever it is asked."""
    body = json.dumps({"error": "invalid_request", "error_description": fault.text}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"cache-control", b"no-store"),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
    ]

    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": fault.status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": body})

    return respond


async def no_resource(scope: Scope, receive: Receive, send: Send) -> None:
    """`OPTIONS *` (RFC 9110 §9.3.7) asks about the server, and there is nothing to tell."""
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})
