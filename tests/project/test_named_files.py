"""Each Python file that a comment, docstring or document names exists."""

import os
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_NAMED = re.compile(r"`([\w./-]*\b\w+\.py)`")
_ROOTS = ("src", "tests", "clients", "docs", "bench", "examples")
_NOT_OURS = {"__pycache__", "node_modules", "generated", "dist", "build"}
_ELSEWHERE = {"app.py", "main.py"}  # examples of an application's files


def _files() -> list[Path]:
    found = []
    for root in _ROOTS:
        for folder, folders, names in os.walk(ROOT / root):
            folders[:] = [name for name in folders if name not in _NOT_OURS]
            found += [Path(folder, name) for name in names if name.endswith((".py", ".md"))]
    return found


def test_every_python_file_that_is_named_exists() -> None:
    files = _files()
    known = [f"/{path.relative_to(ROOT).as_posix()}" for path in files if path.suffix == ".py"]
    missing = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in files
        for name in _NAMED.findall(path.read_text("utf-8"))
        if name not in _ELSEWHERE
        and not name.startswith("uvicorn/")
        and not any(each.endswith(f"/{name}") for each in known)
    ]
    assert not missing, "\n" + "\n".join(missing)
