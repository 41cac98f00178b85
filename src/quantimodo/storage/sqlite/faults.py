"""Explains faults of SQLite in sentences for the operator."""

from typing import Final

import apsw

_SENTENCES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (apsw.FullError, "the disk with the database is full"),
    (apsw.IOError, "the disk with the database cannot be read or written: it is full or damaged"),
    (apsw.ReadOnlyError, "the file of the database cannot be written"),
    (
        apsw.CantOpenError,
        "the file of the database cannot be opened: this user must be able to read and write it"
        " and its folder",
    ),
    (apsw.NotADBError, "the file is not a database of SQLite"),
    (apsw.CorruptError, "the file of the database is damaged: quantimodo check shows where"),
    (apsw.BusyError, "another program locks the database"),
)


def sentence_of(fault: BaseException | None) -> str | None:
    """What the fault means for an operator; None for one that is not about file, disk or lock."""
    return next((text for kind, text in _SENTENCES if isinstance(fault, kind)), None)
