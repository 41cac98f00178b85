"""Checkpoints of the write-ahead log, in a thread beside the requests."""

import threading
import time
from contextlib import suppress
from pathlib import Path

import apsw

from quantimodo.storage.database import Row
from quantimodo.storage.sqlite.connections import WriterLock, connect

_CHECKPOINT_EVERY = 1.0  # seconds
EMPTY_LOG_EVERY = 20.0  # seconds; deleted values are gone from the log within a minute
# A checkpoint that waits for the end of a search delays writers: it is tried again instead.
_CHECKPOINT_BUSY_MS = 50
_LOG_PAGES = 4_000  # 16 MB of log; a longer log is restarted


class Checkpointer:
    """Copies the log into the file.

    A passive checkpoint copies while others write. Only the last few pages are copied under the
    writer lock, so that the log is restarted and never grows without bound. Every `empty_every`
    seconds the log is truncated as well: deleted values stay in it until then.
    """

    def __init__(self, path: Path, writer_lock: WriterLock, empty_every: float) -> None:
        self._connection = connect(path)
        self._connection.set_busy_timeout(_CHECKPOINT_BUSY_MS)
        self._empty_every = empty_every
        self._writer_lock = writer_lock
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sqlite-checkpoint", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the thread, then disconnect."""
        self._ended.set()
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        restarted_at, emptied = 0, time.monotonic()
        while not self._ended.wait(min(_CHECKPOINT_EVERY, self._empty_every)):
            with suppress(apsw.Error):
                written = self._copy_to_file()
                if written and time.monotonic() - emptied >= self._empty_every:
                    if self._restart("TRUNCATE"):
                        restarted_at, emptied = 0, time.monotonic()
                elif written > _LOG_PAGES and written != restarted_at and self._restart("RESTART"):
                    restarted_at = written

    def _restart(self, how: str) -> bool:
        """False when a reader still needs the log."""
        self._copy_to_file()  # most pages of the first pass, without the lock
        with self._writer_lock:
            busy, _ = self._checkpoint(how)
        return not busy

    def _copy_to_file(self) -> int:
        """Copy the committed pages into the file, and return the number of pages in the log."""
        return self._checkpoint("PASSIVE")[1]

    def _checkpoint(self, how: str) -> tuple[bool, int]:
        """Whether a reader or a writer was in the way, and the number of pages in the log."""
        rows: list[Row] = self._connection.execute(f"PRAGMA wal_checkpoint({how})").fetchall()
        ((busy, pages, _),) = rows
        return bool(busy), pages
