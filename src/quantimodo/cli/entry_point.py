"""The console script `quantimodo`: handles SIGTERM, then loads the commands and runs one.

The first process of a container ignores SIGTERM until it has a handler. To load the commands takes
a second, and to migrate the database may take longer: without a handler, a container that is
stopped meanwhile would end only by the kill after its grace period.
"""

import os
import signal
from importlib import import_module
from types import FrameType


def main() -> None:
    """Run the command of the command line. SIGTERM ends it at once, as by default in a process that
    is not the first one; `serve` handles it otherwise when its workers start."""
    signal.signal(signal.SIGTERM, _end)
    import_module("quantimodo.cli.main").app()


def _end(number: int, frame: FrameType | None) -> None:
    """The exit status is that of a shell for a process which a signal ended. Commands write so that
    they may end at every instant, as by `kill -9`."""
    os._exit(128 + number)


if __name__ == "__main__":
    main()
