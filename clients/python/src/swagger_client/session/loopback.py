"""The loopback redirect URI for one sign-in (RFC 8252 §7.3).

It listens on 127.0.0.1 only, on a free port, until the authorization response has arrived. The
pages have fixed texts: they contain nothing of the requested address.
"""

from __future__ import annotations

import hashlib
import threading
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import TracebackType
from typing import Callable

from swagger_client.session.errors import InvalidAuthorizationResponse

_PATH = "/callback"
_POLL = 0.02
_NOT_FOUND = "Page not found"
_STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1.5rem}"
)
_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><title>{title}</title>'
    "<style>{style}</style>"
    "<h1>{title}</h1><p>You can close this window and return to the terminal."
)
_STYLE_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Connection": "close",
}


class Loopback:
    """`redirect_uri` is where the browser has to be sent. Close it after use."""

    def __init__(self, port: int = 0) -> None:
        self._server = _Server(("127.0.0.1", port), _Handler)
        self.redirect_uri = f"http://127.0.0.1:{self._server.server_port}{_PATH}"

    def wait(
        self, begin: Callable[[], object], accept: Callable[[str], object], seconds: float
    ) -> None:
        """Listen, call `begin`, and wait until `accept` accepts an address of the browser.

        An `InvalidAuthorizationResponse` is ignored: any page in the browser can send one. Other
        exceptions of `accept` are raised here. Raises `TimeoutError` after `seconds`.
        """
        callback_request = self._server.callback_request = _CallbackRequest(accept)
        thread = threading.Thread(target=self._server.serve_forever, args=(_POLL,), daemon=True)
        thread.start()
        try:
            begin()  # already listening: a terminal browser returns before `begin` does
            if not callback_request.done.wait(seconds):
                raise TimeoutError("the sign-in was not completed in time")
        finally:
            self._server.shutdown()
            thread.join()
        if callback_request.fault is not None:
            raise callback_request.fault

    def close(self) -> None:
        """Stop listening."""
        self._server.server_close()

    def __enter__(self) -> Loopback:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _CallbackRequest:
    """The state of a callback. `done`: a response was accepted, and its page sent."""

    def __init__(self, accept: Callable[[str], object]) -> None:
        self._accept = accept
        self._lock = threading.Lock()
        self._taken = False
        self.done = threading.Event()
        self.fault: Exception | None = None

    def handle(self, address: str) -> tuple[int, str]:
        """Status and title of the page to show."""
        with self._lock:
            if self._taken:
                return 404, _NOT_FOUND
            try:
                self._accept(address)
            except InvalidAuthorizationResponse:
                return 400, "This response belongs to another sign-in"
            except Exception as fault:
                self._taken, self.fault = True, fault
                return 400, "You are not signed in"
            self._taken = True
            return 200, "You are signed in"

    def page_sent(self) -> None:
        """Ends the wait if the sent page was the one of the accepted response."""
        if self._taken:
            self.done.set()


class _Server(ThreadingHTTPServer):
    """Browsers open connections that they do not use: each has its own thread."""

    daemon_threads = True
    callback_request: _CallbackRequest

    def server_bind(self) -> None:
        """Bind without the name lookup of `HTTPServer`, which can be slow."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10

    def do_GET(self) -> None:
        callback_request = self.server.callback_request
        status, title = 404, _NOT_FOUND
        if self.path.partition("?")[0] == _PATH:
            status, title = callback_request.handle(self.path)
        page = _PAGE.format(title=title, style=_STYLE).encode()
        try:
            self.send_response(status)
            for name, value in _HEADERS.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)
        finally:
            callback_request.page_sent()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged: the address has a code in it."""
