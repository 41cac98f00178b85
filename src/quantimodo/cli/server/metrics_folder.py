"""The folder for the counters of the workers of one run; folders of killed runs are deleted.

The owner of a folder holds a lock in it while its process lives, so a folder with a free lock has
no owner.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_NAME = "quantimodo-metrics-"
_UNFINISHED = "quantimodo-begins-"
_LOCK = "owner.lock"


@contextmanager
def fresh_folder() -> Iterator[str]:
    """A new folder for this run, deleted at the end. Folders of killed runs are deleted now."""
    _clear(Path(tempfile.gettempdir()))
    draft = Path(tempfile.mkdtemp(prefix=_UNFINISHED))
    lock = os.open(draft / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    # It is renamed after it is locked, so that no other process finds it unlocked.
    folder = draft.rename(draft.with_name(draft.name.replace(_UNFINISHED, _NAME)))
    try:
        yield str(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _clear(parent: Path) -> None:
    for folder in parent.glob(f"{_NAME}*"):
        with suppress(OSError):  # in use, or deleted meanwhile: the start continues
            if _is_ours(folder) and _is_left(folder):
                shutil.rmtree(folder)


def _is_ours(folder: Path) -> bool:
    """Any user may create any entry in a folder for temporary files, also links and entries with
    our names."""
    return not folder.is_symlink() and folder.stat().st_uid == os.getuid()


def _is_left(folder: Path) -> bool:
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True
