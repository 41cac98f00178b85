"""Parses a response by a type name of 2016: `list[Measurement]`, `dict(str, float)`, `User`."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Callable, Union

from swagger_client import models
from swagger_client.calls import unchanged
from swagger_client.records import Record, boolean, integer, number, one, optional, text, timestamp

Reader = Callable[[Any], Any]
ResponseType = Union[str, Reader, None]

_LIST = re.compile(r"list\[(.*)\]")
_DICT = re.compile(r"dict\(([^,]*), *(.*)\)")


def _day(value: Any) -> date:
    return timestamp(value).date()


_NATIVE: dict[str, Reader] = {
    "int": integer,
    "float": number,
    "str": text,
    "bool": boolean,
    "date": _day,
    "datetime": timestamp,
    "object": unchanged,
}


def reader_of(response_type: ResponseType) -> Reader:
    """The parser of JSON values for this type. None: unchanged. A function: itself.

    Raises `ValueError` for an unknown name.
    """
    if response_type is None:
        return unchanged
    if isinstance(response_type, str):
        return optional(_named(response_type))
    if isinstance(response_type, type) and issubclass(response_type, Record):
        return optional(one(response_type))
    return response_type


def _named(name: str) -> Reader:
    if found := _LIST.fullmatch(name):
        return _list_of(reader_of(found[1]))
    if found := _DICT.fullmatch(name):
        return _dict_of(reader_of(found[2]))
    if name in _NATIVE:
        return _NATIVE[name]
    kind = getattr(models, name, None)
    if not (isinstance(kind, type) and issubclass(kind, Record)):
        raise ValueError(f"this API has no type {name}")
    return one(kind)


def _list_of(read: Reader) -> Reader:
    def read_all(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise TypeError(value)
        return [read(item) for item in value]

    return read_all


def _dict_of(read: Reader) -> Reader:
    def read_all(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise TypeError(value)
        return {name: read(item) for name, item in value.items()}

    return read_all
