"""The parts of files that an export consists of, and their formats."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from quantimodo.measurements.csv_export import csv_cell, csv_text
from quantimodo.model.users import User

_INDENT: Final = 2


class Part(NamedTuple):
    """Some bytes of the file `name`. The parts of one file follow each other."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class FileDescription:
    """What the README says about a file: a sentence, and each field with its meaning and unit. The
    README has the translations."""

    name: str
    about: str
    fields: Sequence[tuple[str, str]]


class FileSource(Protocol):
    """Some files of an export. None of them contains a secret, or a digest of one."""

    @property
    def descriptions(self) -> Sequence[FileDescription]:
        """What each file of this source holds, for the description of the export."""

    def parts(self, user: User) -> AsyncGenerator[Part, None]:
        """Read in pages, so that memory does not grow with the data."""


def json_document(name: str, value: Any) -> Part:
    """A whole file: one indented JSON document."""
    return Part(name, msgspec.json.format(msgspec.json.encode(value), indent=_INDENT) + b"\n")


def json_lines(values: Iterable[Any]) -> bytes:
    """Each value as a JSON document in one line."""
    encoder = msgspec.json.Encoder()
    return b"".join(encoder.encode(value) + b"\n" for value in values)


def csv_lines(rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows of a CSV file; no cell is a formula for a spreadsheet."""
    return csv_text(
        [csv_cell(each) if isinstance(each, str) else each for each in row] for row in rows
    )


def iso_time(moment: datetime) -> str:
    """ISO 8601, in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def iso_time_or_none(moment: datetime | None) -> str | None:
    """The time in ISO 8601; None stays None."""
    return None if moment is None else iso_time(moment)
