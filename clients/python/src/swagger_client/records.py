"""Answers as typed values: dicts as they came, whose known fields are attributes too.

A field that the server adds tomorrow is there by its wire name; one that it promised and left out
raises `AttributeError` when it is asked for, and only then.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, Callable, ClassVar, Generic, TypeVar, overload

from swagger_client.redaction import HIDDEN, is_secret, redacted_url

T = TypeVar("T")
R = TypeVar("R", bound="Record")


class Record(dict[str, Any]):
    """A JSON object of the server: `record["startTime"]` as it came, `record.start_time` typed.

    `repr()` leaves secrets out.
    """

    # Names that are secrets elsewhere and none here.
    _plain: ClassVar[frozenset[str]] = frozenset()

    def __repr__(self) -> str:
        shown = ", ".join(f"{name!r}: {self._shown(name)}" for name in self)
        return f"{type(self).__name__}({{{shown}}})"

    def _shown(self, name: str) -> str:
        value = self[name]
        if isinstance(value, str):
            if is_secret(name) and name not in self._plain:
                return repr(HIDDEN)
            return repr(redacted_url(value) if "://" in value else value)
        if isinstance(value, dict):
            return "{…}" if not isinstance(value, Record) else repr(value)
        return repr(value)


class Field(Generic[T]):
    """One field of a `Record`: its name in JSON (by default its own in camel case), its type."""

    def __init__(self, read: Callable[[Any], T], name: str = "") -> None:
        self._read = read
        self._name = name

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = self._name or camel_case(name)

    @overload
    def __get__(self, record: None, owner: type) -> Field[T]: ...

    @overload
    def __get__(self, record: Record, owner: type) -> T: ...

    def __get__(self, record: Record | None, owner: type) -> Field[T] | T:
        if record is None:
            return self
        try:
            return self._read(record.get(self._name))
        except (TypeError, ValueError, OverflowError, OSError):
            wrong = "a wrong type" if self._name in record else "been left out"
            raise AttributeError(f"the server's field {self._name} has {wrong}") from None


def camel_case(name: str) -> str:
    """`start_time` → `startTime`."""
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def text(value: Any) -> str:
    """A string."""
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def whole(value: Any) -> int:
    """A whole number."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise TypeError(value)
    return int(value)


def number(value: Any) -> float:
    """A number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(value)
    return float(value)


def truth(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


def moment(value: Any) -> datetime:
    """A time, from epoch seconds or ISO 8601, with its time zone."""
    if isinstance(value, bool) or value is None:
        raise TypeError(value)
    if isinstance(value, (int, float)):
        return datetime.fromtimestamp(value, timezone.utc)
    # Python 3.9 reads no `Z`, and the oldest servers wrote UTC without saying so.
    read = datetime.fromisoformat(text(value).replace("Z", "+00:00"))
    return read if read.tzinfo else read.replace(tzinfo=timezone.utc)


def maybe(read: Callable[[Any], T]) -> Callable[[Any], T | None]:
    """What may be null or left out."""

    def read_or_none(value: Any) -> T | None:
        return None if value is None else read(value)

    return read_or_none


def one(record: type[R]) -> Callable[[Any], R]:
    """A JSON object as this kind of record."""

    def read(value: Any) -> R:
        if not isinstance(value, Mapping):
            raise TypeError(value)
        return value if isinstance(value, record) else record(value)

    return read


def many(record: type[R]) -> Callable[[Any], list[R]]:
    """A JSON array of such objects."""
    read_one = one(record)

    def read(value: Any) -> list[R]:
        if not isinstance(value, list):
            raise TypeError(value)
        return [read_one(item) for item in value]

    return read
