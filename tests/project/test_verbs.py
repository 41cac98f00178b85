"""One verb has one meaning: the table of verbs in docs/architecture.md."""

import ast
import re
from collections.abc import Iterator

import pytest

from support.checks import not_empty
from support.source_trees import ROOT, SOURCE, trees

_ARCHITECTURE = ROOT / "docs/architecture.md"
# Handlers of pages and commands are named by what a person presses or types.
_NAMED_BY_PEOPLE = ("cli", "pages", "sandbox")
# What the domain does with one kind of thing, beside the verbs of the table.
_OF_ONE_THING = frozenset(
    {
        *("accept", "apply", "bind", "close", "complete", "count", "delay", "disable", "enable"),
        *("examine", "extend", "finish", "hit", "import", "is", "lease", "leave", "mark", "redeem"),
        *("refuse", "rehash", "renew", "reopen", "replay", "report", "reseal", "reset", "retire"),
        *("rotate", "search", "sign", "transfer", "undo"),
    }
)
_ALLOWED = frozenset(
    {
        "measurements/payloads.py: note_of",  # the text of a measurement
    }
)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def _table() -> tuple[frozenset[str], frozenset[str]]:
    """The verbs of the table, and those that it refuses everywhere."""
    found = re.search(r"^## Verbs\n(.*?)^## ", _ARCHITECTURE.read_text("utf-8"), re.M | re.S)
    assert found is not None
    rows = [line.split(" | ", 1) for line in found[1].splitlines() if line.startswith("| `")]
    assert 10 < len(rows) <= 20
    verbs = frozenset(verb for first, _ in rows for verb in re.findall(r"`(\w+)`", first))
    refused = frozenset(re.findall(r"[Nn]ever `(\w+)`", found[1]))
    return verbs, refused - verbs


def _functions(tree: ast.Module) -> Iterator[_Function]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from (each for each in node.body if isinstance(each, _Function))
        elif isinstance(node, _Function):
            yield node


def _stores() -> Iterator[tuple[str, ast.AsyncFunctionDef]]:
    for path, tree in trees(SOURCE).items():
        if path.parent == SOURCE / "ports":
            for node in tree.body:
                if isinstance(node, ast.ClassDef) and node.name.endswith(("Store", "Queue")):
                    for each in node.body:
                        if isinstance(each, ast.AsyncFunctionDef):
                            yield node.name, each


def _verb(name: str) -> str:
    return name.lstrip("_").partition("_")[0]


def test_a_store_that_changes_something_says_so_by_a_verb_of_the_table() -> None:
    verbs, _ = _table()
    faults, number = [], 0
    for store, method in _stores():
        number += 1
        returns = ast.unparse(method.returns) if method.returns else ""
        if returns in ("None", "bool") and _verb(method.name) not in verbs | _OF_ONE_THING:
            faults.append(f"{store}.{method.name}")
    assert number > 200
    assert not faults


@pytest.mark.parametrize("verb", ["find", "get", "put", "store", "insert"])
def test_a_store_reads_by_a_noun_and_inserts_by_add_or_save(verb: str) -> None:
    verbs = {f"{store}.{each.name}": _verb(each.name) for store, each in _stores()}
    assert len(verbs) > 200
    assert [name for name, used in verbs.items() if used == verb] == []


def test_no_refused_verb_is_in_a_package_below_pages_and_commands() -> None:
    _, refused = _table()
    assert {"drop", "spell", "note", "touch", "spend", "compose", "make"} <= refused
    refused -= {"get", "put", "store"}  # methods of HTTP; a batch; a response of a request
    found = {
        f"{path.relative_to(SOURCE)}: {node.name}"
        for path, tree in trees(SOURCE).items()
        if path.relative_to(SOURCE).parts[0] not in _NAMED_BY_PEOPLE
        for node in _functions(tree)
        if _verb(node.name) in refused and not node.name.startswith("_")
    }
    assert not found - _ALLOWED


def test_each_allowed_exception_is_needed() -> None:
    names = {
        f"{path.relative_to(SOURCE)}: {node.name}"
        for path, tree in trees(SOURCE).items()
        for node in _functions(tree)
    }
    assert {each for each in _ALLOWED if each not in names} == set()


def test_a_module_of_ports_says_whether_it_has_stores() -> None:
    modules = {
        path.stem: [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
        for path, tree in trees(SOURCE).items()
        if path.parent == SOURCE / "ports" and path.stem != "stores"
    }
    for module, names in not_empty(modules.items()):
        number = sum(name.endswith(("Store", "Queue")) for name in names)
        suffix = {0: "", 1: "_store"}.get(number, "_stores")
        assert module.endswith(suffix), (module, names)
        assert number or not module.endswith(("_store", "_stores")), module
