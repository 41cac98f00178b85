"""Reads parameters sent to the sandbox strictly: no name twice, text values only."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

from quantimodo.pages.forms import FormFault, read_body, read_form

Parameters = dict[str, str]
_MOST_BYTES = 65_536


class InvalidSandboxRequest(Exception):
    """A request without a valid redirect URI; `message` is fixed text for people."""

    def __init__(self, message: str, code: str = "invalid_request") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


def of_query(request: Request) -> Parameters:
    """The parameters in the address. Raises `InvalidSandboxRequest`."""
    try:
        pairs = parse_qsl(
            request.url.query, keep_blank_values=True, errors="strict", max_num_fields=64
        )
    except ValueError as fault:
        raise InvalidSandboxRequest("The address could not be read.") from fault
    return _once(pairs)


async def of_form(request: Request) -> Parameters:
    """A form's fields, or none when the request has no body."""
    if request.method != "POST" or not request.headers.get("content-type"):
        return {}
    try:
        return _once((await read_form(request)).fields)
    except FormFault as fault:
        raise InvalidSandboxRequest(fault.message) from fault


async def of_form_or_json(request: Request) -> Parameters:
    """The parameters in the body, a form or a JSON object. Raises `InvalidSandboxRequest`."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return await of_form(request)
    try:
        members: Any = msgspec.json.decode(await read_body(request, _MOST_BYTES))
    except (msgspec.DecodeError, FormFault, RecursionError) as fault:
        raise InvalidSandboxRequest("The body is not readable JSON.") from fault
    if not isinstance(members, dict) or not all(isinstance(each, str) for each in members.values()):
        raise InvalidSandboxRequest("The body must be a JSON object of texts.")
    return members


async def of_both(request: Request) -> Parameters:
    """Query and form together, as Graph takes them."""
    return _once([*of_query(request).items(), *(await of_form(request)).items()])


def bearer(request: Request) -> str:
    """The token of the `Authorization` header; "" without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _once(pairs: Sequence[tuple[str, str]]) -> Parameters:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise InvalidSandboxRequest("A parameter was sent twice.")
    if any("\0" in value for value in values.values()):
        raise InvalidSandboxRequest("The request holds a character that cannot be used.")
    return values
