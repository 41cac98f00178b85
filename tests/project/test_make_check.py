"""`make check` runs static checks and tests beside each other, and fails when one of them fails."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.source_trees import ROOT

CHECKS = ("ruff format", "ruff check", "mypy", "pytest -n auto")


def _script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The Makefile among programs that only say how they were called; one that is named in FAILS
    fails."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    _script(tmp_path / "scripts/environment", "exit 0")
    _script(tmp_path / "scripts/quick-folder", "echo /tmp")
    for name in ("ruff", "mypy", "pytest"):
        _script(tmp_path / ".venv/bin" / name, f'echo "called: {name} $*"; [ "$FAILS" != {name} ]')
    return tmp_path


@pytest.mark.parametrize(
    ("fails", "called"),
    [
        ("", CHECKS),
        ("pytest", CHECKS),
        ("mypy", CHECKS),
        ("ruff", (CHECKS[0], CHECKS[3])),  # the tests run all the same
    ],
)
def test_a_failure_of_either_is_shown_and_fails(
    project: Path, fails: str, called: tuple[str, ...]
) -> None:
    environment = {"PATH": os.environ["PATH"], "FAILS": fails}
    done = subprocess.run(
        ["make", "check"], cwd=project, env=environment, capture_output=True, text=True
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("called: ")]
    assert len(lines) == len(called), done.stdout + done.stderr
    for each in called:
        assert any(line.startswith(f"called: {each}") for line in lines), lines
    assert (done.returncode == 0) == (not fails)
    assert ("static" in done.stderr) == (fails in ("mypy", "ruff"))
    assert ("quick-tests" in done.stderr) == (fails == "pytest")


def test_failures_are_short(pytestconfig: pytest.Config) -> None:
    """A long traceback formats the arguments of each function, which takes seconds for a server."""
    assert pytestconfig.getoption("tbstyle") in ("short", "native", "line", "no")
    assert not pytestconfig.getoption("showlocals")
    assert pytestconfig.get_verbosity(pytest.Config.VERBOSITY_ASSERTIONS) < 2
