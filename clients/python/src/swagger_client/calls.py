"""A call as a value: what to send and how to read what comes back. Nothing is sent here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Callable, Generic, TypeVar, Union
from urllib.parse import quote, urlencode

import httpx

from swagger_client.models.measurements import wire_moment
from swagger_client.redaction import is_secret
from swagger_client.rest import ApiException, RESTResponse, headers_of

T = TypeVar("T")
Pairs = tuple[tuple[str, str], ...]

JSON = "application/json"
CSV = "text/csv"

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})  # RFC 9110 §9.2.2
_SUCCESS = range(200, 300)
_REDIRECTS = range(300, 400)

Value = Union[str, int, float, bool, datetime]
Parameter = Union[Value, Sequence[Value], None]


@dataclass(frozen=True)
class Call(Generic[T]):
    """One call of the API.

    `spends`: it uses something up (a code), so it is sent once whatever becomes of it.
    `redirects`: a redirect is its answer, read as `{"location": …}`.
    `auth`: the ways of authorization among `Configuration.auth_settings`. `bearer`: an access
    token for this call alone, instead.
    """

    method: str
    path: str
    read: Callable[[Any], T]
    query: Pairs = ()
    form: Pairs = ()
    body: Any = None
    accept: str = JSON
    spends: bool = False
    redirects: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: Sequence[str] = ("oauth2",)
    bearer: str | None = field(default=None, repr=False)

    @property
    def may_be_repeated(self) -> bool:
        """Whether sending it twice does what sending it once does."""
        return self.method in _IDEMPOTENT and not self.spends

    def secrets(self) -> tuple[str, ...]:
        """The values among what is sent that nobody else may read."""
        sent = (value for name, value in (*self.query, *self.form) if is_secret(name))
        return (*sent, self.bearer or "")

    def request(self, host: str, headers: Mapping[str, str]) -> httpx.Request:
        """As it goes to this host, with these headers beside its own."""
        content, content_type = self._content()
        own = {"Accept": self.accept, "Content-Type": content_type, **self.headers}
        query = f"?{urlencode(self.query)}" if self.query else ""
        address = host.rstrip("/") + self.path if self.path else host
        try:
            return httpx.Request(
                self.method,
                address + query,
                headers=headers_of({**own, **headers}),
                content=content,
            )
        except (httpx.InvalidURL, UnicodeError):
            raise ValueError("the host of the configuration is no address") from None

    def _content(self) -> tuple[bytes | None, str]:
        if self.body is not None:
            text = json.dumps(self.body, ensure_ascii=False, allow_nan=False)
            return text.encode(), JSON
        if self.form:
            return urlencode(self.form).encode(), "application/x-www-form-urlencoded"
        return None, JSON


def check(call: Call[Any], response: RESTResponse, known: Sequence[str] = ()) -> None:
    """Raises `ApiException` unless the answer is one of success."""
    if response.status in _SUCCESS or (call.redirects and response.status in _REDIRECTS):
        return
    raise ApiException(http_resp=response, known=(*call.secrets(), *known))


def read(call: Call[T], response: RESTResponse, known: Sequence[str] = ()) -> T:
    """The answer as the call promises it. Raises `ApiException` where it is anything else."""
    check(call, response, known)
    try:
        return call.read(_content_of(call, response))
    except (TypeError, ValueError, RecursionError):
        reason = "The answer is not what this call promises"
        known = (*call.secrets(), *known)
        raise ApiException(response.status, reason, response, known=known) from None


def _content_of(call: Call[Any], response: RESTResponse) -> Any:
    if response.status in _REDIRECTS:
        return {"location": response.getheader("location")}
    if call.accept != JSON:
        return response.data
    return json.loads(response.data) if response.data.strip() else None


def pairs(parameters: Mapping[str, Parameter]) -> Pairs:
    """Parameters of a query or form: None is left out, a list repeats the name as `name[]`."""
    found: list[tuple[str, str]] = []
    for name, value in parameters.items():
        if value is None:
            continue
        if isinstance(value, Sequence) and not isinstance(value, str):
            found += [(f"{name}[]", spelled(item)) for item in value]
        else:
            found.append((name, spelled(value)))
    return tuple(found)


def spelled(value: Value) -> str:
    """One value as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return str(wire_moment(value))
    return str(value)


def as_it_is(value: Any) -> Any:
    """The answer unchanged."""
    return value


def segment(value: object, safe: str = "") -> str:
    """A value as one segment of a path: it can name no other path."""
    quoted = quote(str(value), safe=safe)
    return quoted.replace(".", "%2E") if quoted.strip(".") == "" else quoted
