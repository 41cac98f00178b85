"""The response to each exception: one row for each class, one column for each kind of endpoint.

A cell gives status, body, headers, and the reason for the log. An exception without a cell is an
incident (`error_boundary.py`). The rows are found by the class of the exception or the nearest base
class that has a cell for the kind.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil
from typing import Any, Final

from quantimodo.accounts.errors import Busy, DomainError, TooMany
from quantimodo.endpoints.envelopes import refused
from quantimodo.http.errors import (
    EncodedBody,
    InteractionRequired,
    MethodNotAllowed,
    NotFound,
    RequestRejected,
    TooLarge,
)
from quantimodo.http.messages import Headers, RepeatedHeader
from quantimodo.http.refusals import Refusal
from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.read_limits import TooManyReads
from quantimodo.outbound.errors import ProviderFault
from quantimodo.pages.browser import Forbidden
from quantimodo.pages.errors import (
    BUSY,
    FORBIDDEN,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    TOO_LARGE,
    UNUSABLE_FORM,
    too_many,
)
from quantimodo.pages.forms import FormFault
from quantimodo.ports.stores import BudgetExceeded, QuotaExceeded, TooSlow, Unavailable
from quantimodo.protocol.bearer import challenges
from quantimodo.protocol.endpoint_entry import EndpointKind
from quantimodo.protocol.errors import BearerError, InvalidClient, OAuthError

_BASIC: Final = (b"www-authenticate", b'Basic realm="quantimodo", charset="UTF-8"')
_BUDGET_FULL: Final = timedelta(hours=1)  # until stored requests or registrations may have expired
_FULL_SECONDS: Final = 60  # until replay records may have expired
_TOO_SLOW: Final = (
    "this took too long and was stopped; ask for less, by startTime and endTime or by variableName"
)
_TOO_MANY_READS: Final = "too many reads of these measurements at once; wait for them"
_BUSY_SERVER: Final = "The server is busy. Try again in a moment."
_TRY_AGAIN: Final = "Try again in a moment."
_ENCODED: Final = "send the body without compression: no Content-Encoding is read here"
_IDENTITY: Final = (b"accept-encoding", b"identity")
_MANY_EVENTS: Final = "Too many messages from this address were refused. Try again later."
_MANY_TRIES: Final = "Too many tries from this network address. Wait, and try again."
_MANY_REQUESTS: Final = "too many requests of this application or address: try again later"
_MANY_ASSERTIONS: Final = (
    "too many assertions or proofs are recorded until they expire; use shorter lifetimes, and try"
    " again later"
)

_API: Final = EndpointKind.API
_ENVELOPE: Final = EndpointKind.ENVELOPE
_SECURITY_EVENT: Final = EndpointKind.SECURITY_EVENT
_PAGE: Final = EndpointKind.PAGE


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """`body`: the members of a JSON object, or title and text of a page."""

    status: int
    body: Mapping[str, Any] | tuple[str, str]
    refusal: Refusal
    headers: Headers = ()


Cell = Callable[[Any], ErrorResponse]


def response_to(error: Exception, kind: EndpointKind) -> ErrorResponse | None:
    """The response to `error` at an endpoint of this kind; None for an incident."""
    for base in type(error).__mro__:
        cell = TABLE.get(base, {}).get(kind)
        if cell is not None:
            return cell(error)
    return None


def _json(
    status: int,
    code: str,
    text: str,
    *headers: tuple[bytes, bytes],
    because: str = "",
    row: str = "",
) -> ErrorResponse:
    """RFC 6749 §5.2, for all of the API."""
    body = {"error": code, "error_description": text}
    return ErrorResponse(status, body, Refusal(code, because or text, row=row), headers)


def _envelope(
    status: int, code: str, text: str, *headers: tuple[bytes, bytes], because: str = "", **more: str
) -> ErrorResponse:
    """The login envelope (v2-api.md §4)."""
    return ErrorResponse(
        status, refused(code, text, **more), Refusal(code, because or text), headers
    )


def _page(
    status: int, page: tuple[str, str], code: str, because: str, *headers: tuple[bytes, bytes]
) -> ErrorResponse:
    return ErrorResponse(status, page, Refusal(code, because or page[0]), headers)


def _with_row(response: ErrorResponse, row: str) -> ErrorResponse:
    return replace(response, refusal=replace(response.refusal, row=row))


def _event_error(
    status: int, code: str, text: str, refusal: Refusal | None = None
) -> ErrorResponse:
    """RFC 8935 §2.4."""
    body = {"err": code, "description": text}
    return ErrorResponse(status, body, refusal or Refusal(code, text))


def _retry_after(time: timedelta) -> tuple[bytes, bytes]:
    return (b"retry-after", b"%d" % max(1, ceil(time.total_seconds())))


def _oauth(error: OAuthError) -> ErrorResponse:
    headers = (_BASIC,) if isinstance(error, InvalidClient) and error.challenged else ()
    because, row = error.because, error.refusal
    return _json(error.status, error.code, error.description, *headers, because=because, row=row)


def _bearer(error: BearerError) -> ErrorResponse:
    text = error.description or "an access token is needed"
    body = {"error": error.code or "unauthorized", "error_description": text}
    because = error.because or error.description or "no access token was sent"
    refusal = Refusal(error.code or "unauthenticated", because)
    headers = [(b"www-authenticate", each.encode("ascii")) for each in challenges(error)]
    return ErrorResponse(error.status, body, refusal, headers)


_MEASUREMENT_CODES: Final = {403: "insufficient_scope", 404: "not_found"}


def _measurement(error: MeasurementError) -> ErrorResponse:
    code = _MEASUREMENT_CODES.get(error.status, "invalid_request")
    body: dict[str, Any] = {"error": code, "error_description": error.text}
    if error.set_index is not None:
        body["setIndex"] = error.set_index
    if error.measurement_index is not None:
        body["measurementIndex"] = error.measurement_index
    return ErrorResponse(error.status, body, Refusal(code, error.text))


def _retry(error: Exception, response: ErrorResponse, seconds: int) -> ErrorResponse:
    """503: not the caller's fault. The line has another event, with the cause."""
    event = "stopped" if isinstance(error, TooSlow) else "unavailable"
    refusal = Refusal(response.refusal.code, str(error) or response.refusal.because, event)
    return replace(response, refusal=refusal, headers=((b"retry-after", b"%d" % seconds),))


def _full(error: QuotaExceeded, response: ErrorResponse) -> ErrorResponse:
    """429 for the signer that used up its own quota, 503 for all others."""
    if not error.by_signer:
        return _retry(error, replace(response, status=503), _FULL_SECONDS)
    refusal = replace(response.refusal, because=str(error))
    wait = (b"retry-after", b"%d" % _FULL_SECONDS)
    return replace(response, refusal=refusal, headers=(wait,))


def _provider_fault(error: ProviderFault, event: str = "sign-in failed") -> Refusal:
    return Refusal(error.code, error.because or error.message, event, error.provider)


def _failed_login(error: ProviderFault) -> ErrorResponse:
    body = refused(error.code, error.message)
    return ErrorResponse(error.status, body, _provider_fault(error))


def _refused_event(error: ProviderFault) -> ErrorResponse:
    # Without the provider's signature it is not the provider's message.
    status = 503 if error.status >= 500 else 400
    refusal = _provider_fault(error, "security event refused")
    return _event_error(status, "authentication_failed", error.message, refusal)


def _allow(error: MethodNotAllowed) -> tuple[bytes, bytes]:
    return (b"allow", error.allowed.encode("ascii"))


def _for_all(cell: Cell) -> dict[EndpointKind, Cell]:
    """The same JSON of the API for each kind of endpoint."""
    return dict.fromkeys(EndpointKind, cell)


_LATER: Final = "temporarily_unavailable"

TABLE: Final[Mapping[type[BaseException], Mapping[EndpointKind, Cell]]] = {
    # What the protocols refuse.
    OAuthError: {
        _API: _oauth,
        _ENVELOPE: lambda e: _with_row(
            _envelope(e.status, e.code, e.description, because=e.because), e.refusal
        ),
    },
    BearerError: {_API: _bearer},
    MeasurementError: {_API: _measurement},
    RequestRejected: {
        _ENVELOPE: lambda e: _with_row(_envelope(e.status, e.code, e.text), e.row),
        _PAGE: lambda e: _with_row(_page(e.status, (e.title, e.text), e.code, e.text), e.row),
    },
    InteractionRequired: {
        _ENVELOPE: lambda e: _envelope(e.status, e.code, e.text, interactionUrl=e.url),
    },
    ProviderFault: {_ENVELOPE: _failed_login, _SECURITY_EVENT: _refused_event},
    DomainError: {_ENVELOPE: lambda e: _envelope(403, "access_denied", e.message)},
    # What is wrong with the request itself.
    RepeatedHeader: {
        _API: lambda _: _json(400, "invalid_request", "a header is repeated"),
        _ENVELOPE: lambda _: _envelope(400, "invalid_request", "a header is repeated"),
    },
    EncodedBody: _for_all(lambda _: _json(415, "invalid_request", _ENCODED, _IDENTITY)),
    TooLarge: {
        **_for_all(lambda _: _json(413, "invalid_request", "the request is too large")),
        _SECURITY_EVENT: lambda _: _event_error(413, "invalid_request", TOO_LARGE[1]),
        _PAGE: lambda _: _page(413, TOO_LARGE, "invalid_request", "the request is too large"),
    },
    MethodNotAllowed: {
        **_for_all(lambda e: _json(405, "invalid_request", str(e), _allow(e))),
        _PAGE: lambda e: _page(405, METHOD_NOT_ALLOWED, "invalid_request", str(e), _allow(e)),
    },
    NotFound: {
        **_for_all(lambda e: _json(404, "not_found", e.text)),
        _SECURITY_EVENT: lambda e: _event_error(404, "invalid_request", e.text),
        _PAGE: lambda e: _page(404, NOT_FOUND, "not_found", e.text),
    },
    FormFault: {
        _ENVELOPE: lambda e: _envelope(e.status, "invalid_request", e.message),
        _SECURITY_EVENT: lambda e: _event_error(e.status, "invalid_request", e.message),
        _PAGE: lambda e: _page(e.status, (UNUSABLE_FORM, e.message), "invalid_request", e.message),
    },
    Forbidden: {
        _PAGE: lambda _: _page(403, FORBIDDEN, "access_denied", "the form is not of this browser")
    },
    # What can be tried again later.
    TooMany: {
        _API: lambda e: _json(429, _LATER, _MANY_REQUESTS, _retry_after(e.retry_after)),
        _ENVELOPE: lambda e: _envelope(
            429, "too_many_requests", _MANY_TRIES, _retry_after(e.retry_after)
        ),
        _SECURITY_EVENT: lambda e: replace(
            _event_error(429, "too_many_requests", _MANY_EVENTS),
            headers=(_retry_after(e.retry_after),),
        ),
        _PAGE: lambda e: _page(
            429, too_many(e.retry_after), "too_many_requests", str(e), _retry_after(e.retry_after)
        ),
    },
    BudgetExceeded: {
        _API: lambda _: _json(429, _LATER, _MANY_REQUESTS, _retry_after(_BUDGET_FULL)),
    },
    QuotaExceeded: {
        _API: lambda e: _full(e, _json(429, _LATER, _MANY_ASSERTIONS)),
        # The signer is a provider, and not the caller. A provider sends a message again after 503.
        _ENVELOPE: lambda e: _retry(e, _envelope(503, _LATER, _BUSY_SERVER), _FULL_SECONDS),
        _SECURITY_EVENT: lambda e: _retry(e, _event_error(503, _LATER, _TRY_AGAIN), _FULL_SECONDS),
    },
    Busy: {_PAGE: lambda e: _page(503, BUSY, _LATER, str(e), _retry_after(e.retry_after))},
    TooManyReads: {
        _API: lambda _: _json(429, _LATER, _TOO_MANY_READS, (b"retry-after", b"1")),
        _PAGE: lambda _: _page(503, BUSY, _LATER, _TOO_MANY_READS, (b"retry-after", b"5")),
    },
    TooSlow: {_API: lambda e: _retry(e, _json(503, _LATER, _TOO_SLOW), 10)},
    Unavailable: {
        _API: lambda e: _retry(e, _json(503, _LATER, "try again in a moment"), 1),
        _ENVELOPE: lambda e: _retry(e, _envelope(503, _LATER, _BUSY_SERVER), 1),
        _SECURITY_EVENT: lambda e: _retry(e, _event_error(503, _LATER, _TRY_AGAIN), 1),
        _PAGE: lambda e: _retry(e, _page(503, BUSY, _LATER, ""), 5),
    },
}
