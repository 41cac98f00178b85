"""SQLite connections: write-ahead log, durable commits, and the lock that orders the writers.

The library is `apsw`, which contains SQLite, and not the `sqlite3` of Python (decision 0031). A
process must not open one file with both: each would release the file locks of the other.
"""

import fcntl
import os
import threading
import time
from pathlib import Path

import apsw

_BUSY_SECONDS = 10.0
_SMALL_CACHE = 256  # KiB of pages
_KEPT_STATEMENTS = 512


def connect(path: Path, cache: int = _SMALL_CACHE) -> apsw.Connection:
    """A connection that commits durably and leaves checkpoints to its callers; it keeps
    at most `cache` KiB of pages."""
    connection = apsw.Connection(str(path), statementcachesize=_KEPT_STATEMENTS)
    # Plans do not depend on values; otherwise each new value would compile its statement again.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    connection.set_busy_timeout(int(_BUSY_SECONDS * 1000))
    _use_write_ahead_log(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute(f"PRAGMA cache_size = -{cache}")
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection


def connect_to_read(path: Path) -> apsw.Connection:
    """A connection that cannot write."""
    connection = connect(path)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _use_write_ahead_log(connection: apsw.Connection) -> None:
    """When several processes open a new file at once, all but one get the error that it is locked,
    whatever the busy timeout. So the statement is repeated."""
    ends = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except apsw.BusyError:
            if time.monotonic() >= ends:
                raise
            time.sleep(0.01)


class WriterLock:
    """Orders the writers among the processes and threads on one file.

    A writer sleeps in the kernel until it holds the lock. It only orders writers; SQLite's own
    locks protect the data.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._threads = threading.Lock()

    def __enter__(self) -> None:
        self._threads.acquire()
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self._threads.release()

    def close(self) -> None:
        """Close the lock's file, which releases the lock."""
        os.close(self._file)
