"""house.md, laws: imports go down the levels, and outside things have one door each."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

import quantimodo

ROOT = Path(__file__).parents[2]
SOURCE = Path(quantimodo.__file__).parent
BAD_NAMES = {"utils", "helpers", "common", "base", "misc", "manager", "core", "util", "helper"}


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0]


def test_the_contracts_of_the_import_linter_are_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    before = sys.path[:]
    assert lint_imports(no_cache=True) == EXIT_STATUS_SUCCESS, capsys.readouterr().out
    sys.path[:] = before


def test_there_is_one_door_to_each_outside_thing() -> None:
    doors = {
        "starlette": {"endpoints", "pages", "resource", "app"},
        "httpx": {"providers", "cli"},
        "sqlite3": {"storage", "cli"},
        "asyncpg": {"storage"},
        "joserfc": {"crypto"},
        "cryptography": {"crypto"},
        "argon2": {"crypto"},
        "aiosmtplib": {"ops"},
    }
    for path in modules():
        for name in imports(path):
            allowed = doors.get(name.partition(".")[0])
            assert allowed is None or room(path) in allowed, f"{path} imports {name}"


def test_nobody_else_reads_the_clock_or_draws_at_random() -> None:
    for path in modules():
        if room(path) in ("app", "cli"):
            continue
        text = path.read_text()
        for forbidden in (
            "datetime.now(",
            "time.time(",
            "utcnow(",
            "import secrets",
            "import random",
        ):
            assert forbidden not in text, f"{path} has {forbidden}"


def test_nothing_is_imported_inside_a_function() -> None:
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                inside = [
                    part for part in ast.walk(node) if isinstance(part, ast.Import | ast.ImportFrom)
                ]
                assert not inside, f"{path}: {node.name}"


def test_every_module_says_what_it_owns() -> None:
    for path in modules():
        assert ast.get_docstring(ast.parse(path.read_text())), path


def test_a_file_is_a_noun_and_is_not_endless() -> None:
    for path in modules():
        assert path.stem not in BAD_NAMES, path
        assert len(path.read_text().splitlines()) <= 500, path
