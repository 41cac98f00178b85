"""A call as a value: the request to send and the parser of its response. Sends nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Callable, Generic, TypeVar, Union
from urllib.parse import quote, urlencode

import httpx

from swagger_client.models.measurements import wire_time
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

    `single_use`: it consumes a credential such as a code, so it is never sent again.
    `redirects`: a redirect is a success, read as `{"location": …}`.
    `auth`: names of `Configuration.auth_settings`. `bearer`: an access token for this call only,
    which replaces `auth`.
    """

    method: str
    path: str
    read: Callable[[Any], T]
    query: Pairs = ()
    form: Pairs = ()
    body: Any = None
    accept: str = JSON
    single_use: bool = False
    redirects: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: Sequence[str] = ("oauth2",)
    bearer: str | None = field(default=None, repr=False)

    @property
    def may_be_repeated(self) -> bool:
        """Whether sending it twice has the same effect as sending it once."""
        return self.method in _IDEMPOTENT and not self.single_use

    def secrets(self) -> tuple[str, ...]:
        """The secret values of the request, which no error message or log line may show."""
        sent = (value for name, value in (*self.query, *self.form) if is_secret(name))
        return (*sent, self.bearer or "")

    def request(self, host: str, headers: Mapping[str, str]) -> httpx.Request:
        """The HTTP request to this host; `headers` are added to those of the call."""
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
    """Raises `ApiException` unless the response is a success."""
    if response.status in _SUCCESS or (call.redirects and response.status in _REDIRECTS):
        return
    raise ApiException(http_resp=response, known=(*call.secrets(), *known))


def read(call: Call[T], response: RESTResponse, known: Sequence[str] = ()) -> T:
    """The parsed response. Raises `ApiException` for an error or an unexpected body."""
    check(call, response, known)
    try:
        return call.read(_content_of(call, response))
    except (TypeError, ValueError, RecursionError):
        reason = "The response does not have the expected format"
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
            found += [(f"{name}[]", query_value(item)) for item in value]
        else:
            found.append((name, query_value(value)))
    return tuple(found)


def query_value(value: Value) -> str:
    """One value as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return str(wire_time(value))
    return str(value)


def unchanged(value: Any) -> Any:
    """The response unchanged."""
    return value


def segment(value: object, safe: str = "") -> str:
    """A value as one segment of a path: it can name no other path."""
    quoted = quote(str(value), safe=safe)
    return quoted.replace(".", "%2E") if quoted.strip(".") == "" else quoted
