"""Imports go down the levels, and each external library has one importing package."""

import ast
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from support.checks import not_empty
from support.source_trees import ROOT, SOURCE, trees, walk

BAD_NAMES = {"utils", "helpers", "common", "base", "misc", "manager", "core", "util", "helper"}


@pytest.fixture(scope="module")
def modules() -> Mapping[Path, ast.Module]:
    return trees()


def imports(tree: ast.Module) -> Iterator[str]:
    for node in walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def package(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0]


def test_the_contracts_of_the_import_linter_are_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    before = sys.path[:]
    assert lint_imports(no_cache=True) == EXIT_STATUS_SUCCESS, capsys.readouterr().out
    sys.path[:] = before


def test_each_external_library_has_one_importer(modules: Mapping[Path, ast.Module]) -> None:
    importers: dict[str, set[str]] = {
        "aiosmtplib": {"ops"},
        "apsw": {"storage", "cli"},
        "argon2": {"crypto"},
        "asyncpg": {"storage"},
        "babel": {"i18n"},
        "bcrypt": {"crypto"},
        "cryptography": {"crypto"},
        "httpcore": {"outbound"},
        "httptools": {"cli"},
        "httpx": {"outbound", "cli"},
        "jinja2": {"pages"},
        "joserfc": {"crypto"},
        "markdown_it": {"pages"},
        "markupsafe": {"pages"},
        "mcp": {"agents"},
        "mcp_types": {"agents"},
        "opentelemetry": {"ops"},
        "prometheus_client": {"ops", "cli"},
        "pyotp": {"crypto"},
        "pyrage": {"crypto"},
        "rich": {"cli"},
        "segno": {"pages"},
        "starlette": {"endpoints", "pages", "sandbox", "app"},
        "typer": {"cli"},
        "uvicorn": {"cli"},
        "webauthn": {"crypto"},
        "zxcvbn": {"crypto"},
    }
    everywhere, pure = {"msgspec", "structlog"}, {"model", "ports", "protocol"}
    known = (sys.stdlib_module_names | {"quantimodo"}) - {"sqlite3"}  # decision 0031
    found = {
        (path, each.partition(".")[0]) for path, tree in modules.items() for each in imports(tree)
    }
    for path, name in not_empty(each for each in found if each[1] not in known):
        allowed = package(path) in importers.get(name, set())
        allowed |= name in everywhere and package(path) not in pure
        assert allowed, f"{path} imports {name}"


def test_no_module_imports_a_library_that_mypy_skips(modules: Mapping[Path, ast.Module]) -> None:
    """Its types would be `Any`, and no check would see a wrong use."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mypy"]
    skipped = {
        name.partition(".")[0]
        for each in settings["overrides"]
        if each.get("follow_imports") == "skip"
        for name in each["module"]
    }
    assert "pydantic" in skipped
    clients = trees(ROOT / "clients/python/src")
    for path, tree in (*modules.items(), *clients.items()):
        assert not skipped.intersection(name.partition(".")[0] for name in imports(tree)), path


def test_no_test_opens_a_database_by_another_copy_of_sqlite() -> None:
    """Decision 0031: it would release the file locks of the server in the same process."""
    files = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "bench").glob("*.py")]
    assert len(files) > 300
    assert [path for path in files if "import sqlite3" + "\n" in path.read_text()] == []


def test_sessions_start_in_one_place(modules: Mapping[Path, ast.Module]) -> None:
    """security.md §18: each sign-in has the same checks, a second factor above all."""
    callers = {
        path.relative_to(SOURCE).as_posix()
        for path, tree in modules.items()
        for node in walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "start"
        and ast.unparse(node.func.value).endswith("sessions")
    }
    assert callers == {"accounts/login.py"}


def test_only_the_clock_and_entropy_read_the_time_or_draw_random_bits(
    modules: Mapping[Path, ast.Module],
) -> None:
    for path in not_empty(modules):
        if package(path) in ("app", "cli"):
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


def test_no_text_is_run_as_code(modules: Mapping[Path, ast.Module]) -> None:
    """security.md §17: neither a builtin nor a library of the standard runs a text."""
    for path, tree in not_empty(modules.items()):
        called = {
            node.func.id
            for node in walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not called & {"eval", "exec", "compile", "__import__"}, path
        assert not {*imports(tree)} & {"pickle", "marshal", "shelve", "code", "runpy"}, path


def test_imports_stand_at_the_top_of_a_module(modules: Mapping[Path, ast.Module]) -> None:
    found = [
        (node.col_offset, f"{path}, line {node.lineno}")
        for path, tree in modules.items()
        for node in walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    for column, place in not_empty(found):
        assert column == 0, place


def test_every_module_says_what_it_owns(modules: Mapping[Path, ast.Module]) -> None:
    found = not_empty(modules.items())
    assert [path for path, tree in found if not ast.get_docstring(tree)] == []


def test_a_file_is_a_noun_and_is_not_endless(modules: Mapping[Path, ast.Module]) -> None:
    for path in not_empty(modules):
        assert path.stem not in BAD_NAMES, path
        assert len(path.read_text().splitlines()) <= 500, path
