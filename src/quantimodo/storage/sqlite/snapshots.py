"""Copies a SQLite database in one consistent state while the server writes, and restores a copy."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import apsw

from quantimodo.ports.stores import Unavailable
from quantimodo.storage.sqlite.connections import connect_to_read

_SIDE_FILES = ("-wal", "-shm", "-journal")


class Occupied(Exception):
    """A restore would overwrite a database; the text says where it is."""


@contextmanager
def sqlite_copy(path: Path, mark: str) -> Iterator[Path]:
    """A copy beside the database, for the time of the block; readable by its owner only.

    It has everything that was committed before it began. Writers continue meanwhile; the
    write-ahead log is not truncated until it ends. `mark` makes the name unique.
    """
    if not path.exists():
        raise Unavailable("the database file does not exist")
    copy = new_file(path.with_name(f"{path.name}.backup-{mark}"))
    try:
        _copy(path, copy)
        yield copy
    finally:
        _remove(copy)


@contextmanager
def draft_of(path: Path, mark: str) -> Iterator[Path]:
    """An empty file beside the place of a restore. Raises `Occupied` when there is a database."""
    path.parent.mkdir(parents=True, exist_ok=True)
    require_absent(path)
    draft = new_file(path.with_name(f"{path.name}.restore-{mark}"))
    try:
        yield draft
    finally:
        _remove(draft)


def put_in_place(draft: Path, path: Path) -> None:
    """Give a complete draft its name, atomically and durably. Raises `Occupied`."""
    require_absent(path)
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # unlike a rename, it replaces nothing
    except FileExistsError:
        raise Occupied(_occupied(path)) from None
    sync_folder(path.parent)


def require_absent(path: Path) -> None:
    """Raises `Occupied` when the database, or a file of an old one, is there."""
    for name in (path.name, *(path.name + end for end in _SIDE_FILES)):
        if (found := path.with_name(name)).exists():
            raise Occupied(_occupied(found))


def new_file(path: Path) -> Path:
    """Make an empty file, with mode 0600. Raises `FileExistsError`."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    return path


def sync_folder(folder: Path) -> None:
    """Make the names of new files in this folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _copy(path: Path, copy: Path) -> None:
    source = connect_to_read(path)
    target = apsw.Connection(str(copy))
    try:
        # All pages in one step: a copy in several steps begins again after each write of others.
        with target.backup("main", source, "main") as backup:
            backup.step()
        # One file, without a log beside it.
        target.execute("PRAGMA journal_mode = DELETE")
    finally:
        target.close()
        source.close()


def _remove(path: Path) -> None:
    for end in ("", *_SIDE_FILES):
        with suppress(FileNotFoundError):
            path.with_name(path.name + end).unlink()


def _occupied(path: Path) -> str:
    return (
        f"there is a file at {path.absolute()}, and a restore replaces nothing. Stop the server,"
        " and move the database away, with the files -wal and -shm beside it"
    )
