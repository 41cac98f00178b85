"""Responses as typed values: dicts of the received members, with typed attributes.

Unknown members are available by their wire names. A missing or wrong member raises `BadField`, an
`AttributeError`, when its attribute is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any, Callable, Generic, TypeVar, overload

from swagger_client.redaction import redacted_repr

T = TypeVar("T")
R = TypeVar("R", bound="Record")


class BadField(AttributeError):
    """The server left out a field that it promised, or sent it as something else."""


class Record(dict[str, Any]):
    """A JSON object of the server: `record["startTime"]` as it came, `record.start_time` typed.

    `repr()` leaves secrets out.
    """

    def to_dict(self) -> dict[str, Any]:
        """The known fields by their Python names, typed, as in 2016; what was left out is None."""
        return {name: _plain(getattr(self, name, None)) for name in _fields_of(type(self))}

    def to_str(self) -> str:
        """As `repr()`: for people, and without secrets."""
        return repr(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({redacted_repr(dict(self))})"


def _fields_of(kind: type) -> Iterator[str]:
    for owner in reversed(kind.__mro__):
        yield from (name for name, value in vars(owner).items() if isinstance(value, Field))


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.to_dict() if isinstance(value, Record) else value


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
            raise BadField(f"the server's field {self._name} has {wrong}") from None


def camel_case(name: str) -> str:
    """`start_time` → `startTime`."""
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def text(value: Any) -> str:
    """A string."""
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def integer(value: Any) -> int:
    """A whole number."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise TypeError(value)
    return int(value)


def number(value: Any) -> float:
    """A number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(value)
    return float(value)


def boolean(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


def timestamp(value: Any) -> datetime:
    """A time, from epoch seconds or ISO 8601, with its time zone."""
    if isinstance(value, bool) or value is None:
        raise TypeError(value)
    if isinstance(value, (int, float)):
        return datetime.fromtimestamp(value, timezone.utc)
    # Python 3.9 reads no `Z`, and the oldest servers wrote UTC without saying so.
    read = datetime.fromisoformat(text(value).replace("Z", "+00:00"))
    return read if read.tzinfo else read.replace(tzinfo=timezone.utc)


def optional(read: Callable[[Any], T]) -> Callable[[Any], T | None]:
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
