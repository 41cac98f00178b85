"""How an authorization request is read (RFC 6749 §3.1, v2-api.md §5).

Owns which faults of the parameters are shown on a page and which go to the client: those in what
says where an answer may go are shown, all others are told to the client.
"""

from urllib.parse import quote, urlencode

from starlette.requests import Request

from quantimodo.authorization.stored_requests import resume_path
from quantimodo.pages.forms import read_body
from quantimodo.protocol.authorization import (
    NAMES_THE_TARGET,
    PARAMETERS,
    READ,
    InvalidClientOrRedirect,
)
from quantimodo.protocol.errors import InvalidRequest
from quantimodo.protocol.parameters import Form

_FORM = "application/x-www-form-urlencoded"
_MOST_BYTES = 65_536


async def read_request(request: Request) -> tuple[Form, InvalidRequest | None]:
    """The sound parameters, and the fault of one that is not, for the client to be told.

    Raises `InvalidClientOrRedirect` for a fault in what names client or address, and for another
    content type.
    """
    form, faults = Form.sound_of_urlencoded(await _text(request), READ)
    for name, fault in faults.items():
        if name in NAMES_THE_TARGET:
            raise InvalidClientOrRedirect(f"{fault[0].upper()}{fault[1:]}.")
    return form, next(map(InvalidRequest, faults.values()), None)


def recognised_query(form: Form) -> str:
    """This request as a query, with nothing in it that is secret or not heeded."""
    return urlencode([(name, text) for name, text in form.items() if name in PARAMETERS])


def sign_in_path(request_id: str, login_hint: str | None = None) -> str:
    """The address of the sign-in page that leads back to this waiting request."""
    hint = f"&login_hint={quote(login_hint, safe='')}" if login_hint else ""
    return f"/sign-in?return_to={quote(resume_path(request_id), safe='/')}{hint}"


async def _text(request: Request) -> bytes:
    if request.method != "POST":
        query: bytes = request.scope["query_string"]
        return query
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise InvalidClientOrRedirect(f"Send the request's parameters as {_FORM}.")
    return await read_body(request, _MOST_BYTES)
