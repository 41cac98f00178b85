"""A terminal for each test; servers that a test leaves running are ended."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from terminal import PATIENCE, Terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    opened = Terminal(tmp_path)
    yield opened
    for server in opened.servers:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait(PATIENCE)
        assert server.process.stdout is not None
        server.process.stdout.close()
