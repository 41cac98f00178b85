"""`GET /api/v2/events`: an application reads its events in order, by its own token."""

from dataclasses import dataclass
from typing import Any, Final

from quantimodo.http.json import private_json
from quantimodo.http.messages import Request, Response
from quantimodo.ports.app_event_stores import AppEventStore
from quantimodo.protocol.app_events import SCOPE, cursor, message_id, parse_cursor
from quantimodo.protocol.errors import BearerRequestInvalid, InvalidRequest
from quantimodo.protocol.parameters import Form
from quantimodo.resource.bearer_authentication import BearerAuthentication
from quantimodo.tokens.event_payloads import AppEventWriter

_DEFAULT_LIMIT: Final = 100
_MOST: Final = 500
_NOT_KEPT: Final = {
    "error": "not_found",
    "error_description": "no events are kept for the app: turn on its list of events first",
}
_GONE: Final = {
    "error": "cursor_expired",
    "error_description": "events after this cursor are not kept any more: read from the start,"
    " without `after`, and compare with the people that the app knows",
}


@dataclass(frozen=True, slots=True)
class Events:
    """Delivers each event at least once, in one order. A client that continues with the `next` of
    the last response misses no event; if events were deleted meanwhile, it gets 410."""

    bearer: BearerAuthentication
    events: AppEventStore
    writer: AppEventWriter

    async def __call__(self, request: Request) -> Response:
        token = await self.bearer.authorize_application(request, SCOPE)
        after, limit = _parameters(request)
        stream = await self.events.stream(token.client_id)
        if stream is None:
            return private_json(404, _NOT_KEPT)
        if after is None:
            after = stream.dropped_number
        elif after > stream.last_number:
            raise BearerRequestInvalid("after: it is not the cursor of a response")
        elif after < stream.dropped_number:
            return private_json(410, _GONE)
        stored = await self.events.events_after(token.client_id, after, limit + 1)
        payloads: list[dict[str, Any]] = []
        for event in stored[:limit]:
            payload = await self.writer.write(event)
            if payload is not None:
                payloads.append({"webhook_id": message_id(event), **payload})
            after = event.number
        return private_json(
            200, {"events": payloads, "next": cursor(after), "more": len(stored) > limit}
        )


def _parameters(request: Request) -> tuple[int | None, int]:
    try:
        form = Form.of_urlencoded(request.query)
    except InvalidRequest as error:
        raise BearerRequestInvalid(error.description) from error
    after, text = form.get("after"), form.get("limit")
    number = None if after is None else parse_cursor(after)
    if after is not None and number is None:
        raise BearerRequestInvalid("after: it is not the cursor of a response")
    if text is None:
        return number, _DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 0 < int(text) <= _MOST):
        raise BearerRequestInvalid(f"limit: a number from 1 to {_MOST}")
    return number, int(text)
