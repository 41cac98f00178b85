"""Each function, class, method and constant of the server is used in the server.

A name that only a test uses is dead: its test proves nothing about the server.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache

import pytest

from support.source_trees import ROOT, SOURCE, trees, walk

# Names that a library calls, by the protocol of its class.
CALLED_BY_LIBRARIES = {
    "cli/server/connection.py": {
        *("data_received", "on_message_begin", "on_header", "on_headers_complete", "on_body"),
        "on_message_complete",
    },
    "cli/demo/html_forms.py": {"handle_starttag", "handle_endtag", "handle_data"},
    "cli/server/write_coalescing.py": {"writelines"},
    "crypto/jwt.py": {"get_alg"},
    "export/zip_stream.py": {"writable"},
    "ops/telemetry_sdk.py": {"emit"},
    "outbound/guarded_transport.py": {"connect_unix_socket"},
}
# Tables that tests compare with the server, and values for tests of pages.
TABLES = {
    "measurements/reference_names.py": {"UNIT_NAMES", "CATEGORY_NAMES"},
    "model/admin_actions.py": {"BY_COMMAND"},
    "resource/step_up.py": {"SENSITIVE"},
}


@cache
def words() -> Mapping[str, int]:
    """How often each word occurs in the server, its templates, and the scripts."""
    files = [*SOURCE.rglob("*.py"), *SOURCE.rglob("pages/templates/**/*.html")]
    files += [path for path in (ROOT / "scripts").iterdir() if path.is_file()]
    found: Counter[str] = Counter()
    for path in files:
        found.update(re.findall(r"\w+", path.read_text("utf-8")))
    return found


def defined(tree: ast.Module) -> Iterator[str]:
    """The names that a module defines, without those that a decorator registers."""
    for node in walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            registered = any(isinstance(each, ast.Call) for each in node.decorator_list)
            if not registered or isinstance(node, ast.ClassDef):
                yield node.name
    for statement in tree.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        yield from (each.id for each in targets if isinstance(each, ast.Name))


def unused(path: str, tree: ast.Module) -> set[str]:
    """The names of a module that occur once in the server."""
    known = CALLED_BY_LIBRARIES.get(path, set()) | TABLES.get(path, set())
    return {
        name
        for name in defined(tree)
        if words()[name] <= 1 and name not in known and not name.startswith("__")
    }


def test_no_name_is_unused() -> None:
    found = {
        f"{path.relative_to(SOURCE)}: {name}"
        for path, tree in trees(SOURCE).items()
        for name in unused(path.relative_to(SOURCE).as_posix(), tree)
    }
    assert not found, "\n" + "\n".join(sorted(found))


@pytest.mark.parametrize("table", [CALLED_BY_LIBRARIES, TABLES], ids=["libraries", "tables"])
def test_each_exception_is_defined(table: Mapping[str, set[str]]) -> None:
    for path, names in table.items():
        assert names <= set(defined(trees(SOURCE)[SOURCE / path])), path


def test_an_unused_name_is_found() -> None:
    source = "class NeverWrittenAgain: ...\ndef never_called_again(): ...\nUNREAD_VALUE = 1\n"
    assert unused("model/new.py", ast.parse(source)) == {
        *("NeverWrittenAgain", "never_called_again", "UNREAD_VALUE"),
    }
