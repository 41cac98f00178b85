"""Reads a submitted HTML form as plain values, strictly and within limits.

Owns the parsing of a body. `browser.py` checks that the form came from a page of this server.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from quantimodo.model.secrets import Secret
from quantimodo.model.texts import N_

_URLENCODED: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class FormLimits:
    """The bytes and the fields that a form may have."""

    most_bytes: int = 400 * 1024  # more than the largest picture that is accepted, with its form
    most_fields: int = 64


USUAL: Final = FormLimits()
SHEET: Final = FormLimits(most_bytes=4 * 1024 * 1024)  # ten thousand measurements, with notes


class FormFault(Exception):
    """A body that no form of this server sends."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of one submission, and its files. Its `repr` shows no value."""

    fields: Sequence[tuple[str, str]] = field(repr=False)
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def one(self, name: str) -> str:
        """The field's text, "" when it was left out. Raises `FormFault` on a second value."""
        found = self.many(name)
        if len(found) > 1:
            raise FormFault(400, N_("A field of this form was sent twice."))
        return found[0] if found else ""

    def secret(self, name: str) -> Secret:
        """The field as a secret that is not printed."""
        return Secret(self.one(name))

    def many(self, name: str) -> tuple[str, ...]:
        """All values of a field that may repeat (check boxes)."""
        return tuple(value for key, value in self.fields if key == name)


@dataclass(frozen=True, slots=True)
class FormView:
    """The initial values of a form, and the errors of the values that were sent.

    `errors` are keyed by field; the key "" is for the form as a whole.
    """

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    errors: Mapping[str, str] = field(default_factory=dict)
    chosen: frozenset[str] = frozenset()

    def value(self, name: str) -> str:
        """The text of the field at first; "" for an empty one."""
        return self.values.get(name, "")

    def error(self, name: str) -> str:
        """The error of the field; "" without one."""
        return self.errors.get(name, "")


def row_id(text: str) -> int:
    """The id of a stored row; 0, which no row has, for any other text."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


async def read_form(request: Request, limits: FormLimits = USUAL) -> Form:
    """The form in the body. Raises `FormFault` for another body, or one above the limits."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in (_URLENCODED, _MULTIPART):
        raise FormFault(415, N_("Send this form as a web page does."))
    body = await read_body(request, limits.most_bytes)
    most = limits.most_fields
    form = _fields(body, most) if media_type == _URLENCODED else await _parts(request, body, most)
    if not all(_is_text(key) and _is_text(value) for key, value in form.fields):
        raise FormFault(400, N_("The form has a character that cannot be used."))
    return form


def _is_text(text: str) -> bool:
    # PostgreSQL cannot store NUL, and people do not type it. A lone surrogate comes from a part in
    # a rare `charset` (unicode_escape, utf-7), and can be neither stored nor shown.
    return "\0" not in text and (text.isascii() or not any(map(_is_half, text)))


def _is_half(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"


async def read_body(request: Request, most: int) -> bytes:
    """The whole body. Raises `FormFault` as soon as it has more than `most` bytes, and when the
    browser disconnects before the end."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                raise FormFault(413, N_("What was sent is too large."))
    except ClientDisconnect:
        raise FormFault(400, N_("The form was cut off on its way.")) from None
    return bytes(body)


def _fields(body: bytes, most: int) -> Form:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=most,
        )
    except ValueError as fault:  # UnicodeDecodeError is one
        raise FormFault(400, N_("The form could not be read.")) from fault
    return Form(pairs)


async def _parts(request: Request, body: bytes, most: int) -> Form:
    parser = MultiPartParser(
        request.headers, _once(body), max_files=1, max_fields=most, max_part_size=65536
    )
    try:
        parts = (await parser.parse()).multi_items()
    except (MultiPartException, LookupError, ValueError) as fault:
        raise FormFault(400, N_("The form could not be read.")) from fault
    files = {key: await _content(part) for key, part in parts if isinstance(part, UploadFile)}
    return Form([(key, part) for key, part in parts if isinstance(part, str)], files)


async def _content(part: UploadFile) -> bytes:
    content = await part.read()
    await part.close()
    return content


async def _once(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body
