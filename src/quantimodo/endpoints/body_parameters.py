"""The parameters of a protocol request that is sent by POST."""

from collections.abc import Collection, Mapping

from quantimodo.http.messages import Request
from quantimodo.protocol.errors import InvalidRequest
from quantimodo.protocol.parameters import ALIASES, Form

_FORM = "application/x-www-form-urlencoded"


def body_form(
    request: Request,
    known: Collection[str],
    *,
    json: bool = False,
    aliases: Mapping[str, str] = ALIASES,
) -> Form:
    """The parameters of a POST: a form, or, where the contract allows it, a JSON object. Parameters
    that are not `known` to the endpoint are ignored."""
    kind = request.media_type()
    if kind == _FORM:
        return Form.of_urlencoded(request.body, aliases, known)
    if json and kind == "application/json":
        return Form.of_json(request.body, aliases, known)
    accepted = f"{_FORM} or application/json" if json else _FORM
    raise InvalidRequest(
        f"send the parameters in the body, as {accepted}", refusal="content_type_wrong"
    )
