"""A request and a response as plain values, for endpoints on the hot path and for resources.

Owns header access and the response's headers. It uses no framework: `app/requests/` turns an ASGI
scope into a `Request` and sends the `Response`. Pages use Starlette's own classes instead.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from quantimodo.model.clients import Client

Headers = Sequence[tuple[bytes, bytes]]


class RepeatedHeader(Exception):
    """A header that may be sent once was sent twice."""


@dataclass(slots=True)
class Request:
    """One request, body read whole. `query` is raw; `address` is the client's, proxies resolved;
    `tail` is the last part of a path that ends with a name or a number, decoded; `head` is true of
    a HEAD request, whose `method` is GET.

    `certificate` is the header in which a trusted proxy forwards the client's certificate, and
    `certificate_verified` whether the proxy verified its chain.
    `response_headers` are sent with the response, also with an error, beside its own headers: the
    authentication of the request adds them. `client` is the app that the request names, which need
    not have proved who it is: only for its log. `client_id` is that of the app whose access token
    the request has.
    """

    method: str
    path: str
    query: bytes
    headers: Headers
    body: bytes
    address: str = ""
    tail: str = ""
    head: bool = False
    certificate: str = ""
    certificate_verified: bool = True
    response_headers: Headers = ()
    client: Client | None = None
    client_id: str = ""
    # The last header of each name, once one is read.
    _fields: Mapping[bytes, bytes] | None = field(
        default=None, init=False, repr=False, compare=False
    )

    def header(self, name: bytes) -> str | None:
        """The one header of this (lower-case) name. Raises `RepeatedHeader` on a second."""
        fields = self._fields
        if fields is None:
            fields = self._fields = dict(self.headers)
        value = fields.get(name)
        if value is None:
            return None
        if len(fields) < len(self.headers) and [key for key, _ in self.headers].count(name) > 1:
            raise RepeatedHeader(name.decode("latin-1"))
        return value.decode("latin-1")

    def media_type(self) -> str:
        """The content type without parameters, in lower case; empty when there is none."""
        return (self.header(b"content-type") or "").partition(";")[0].strip().lower()


@dataclass(slots=True)
class Response:
    """`chunks`: a body that is too long for memory; `body` is then empty."""

    status: int
    body: bytes = b""
    headers: Headers = ()
    chunks: AsyncGenerator[bytes, None] | None = None


Endpoint = Callable[[Request], Awaitable[Response]]
