"""A terminal for each test; servers that a test leaves running are ended."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantimodo.app.composition.services import prepare
from quantimodo.app.settings.reading import load_settings
from support.command_processes import CommandProcesses, command_processes
from support.terminal import PATIENCE, Terminal


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder `var` as the first start leaves it."""
    folder = tmp_path_factory.mktemp("new_database") / "var"
    settings = load_settings(
        {
            "QUANTIMODO_DATABASE": f"sqlite:///{folder}/quantimodo.db",
            "QUANTIMODO_SECRET_FILE": f"{folder}/secret.key",
        }
    )
    asyncio.run(prepare(settings))
    return folder


@pytest.fixture(scope="session")
def commands() -> Iterator[CommandProcesses]:
    """One process that runs the commands of all tests in children."""
    with command_processes() as started:
        yield started


@pytest.fixture
def empty_terminal(tmp_path: Path, commands: CommandProcesses) -> Iterator[Terminal]:
    """In a folder without a database."""
    opened = Terminal(tmp_path, commands)
    yield opened
    for server in opened.servers:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait(PATIENCE)
        assert server.process.stdout is not None
        server.process.stdout.close()


@pytest.fixture
def terminal(empty_terminal: Terminal, new_database: Path) -> Terminal:
    """In the folder of a server that was started before."""
    shutil.copytree(new_database, empty_terminal.folder / "var")
    return empty_terminal
