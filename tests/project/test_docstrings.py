"""Public functions and methods have a docstring: what they do, with units, errors and guarantees.

A method that implements a documented one has that meaning, and needs no docstring: its class
inherits from the class that documents it, or its docstring says "Implements `Protocol`".
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from importlib import import_module
from pathlib import Path

from support.source_trees import SOURCE, trees, walk

Function = ast.FunctionDef | ast.AsyncFunctionDef

_IMPLEMENTS = re.compile(r"Implements\s+`(\w+)`")


@cache
def _classes() -> Mapping[str, Sequence[ast.ClassDef]]:
    found: dict[str, list[ast.ClassDef]] = {}
    for tree in trees(SOURCE).values():
        for node in walk(tree):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(node)
    return found


def _named(node: ast.ClassDef) -> set[str]:
    """The classes of which `node` is a kind: its bases, and the protocols that it implements."""
    bases = [part for base in node.bases for part in ast.walk(base)]
    return {part.id for part in bases if isinstance(part, ast.Name)} | set(
        _IMPLEMENTS.findall(ast.get_docstring(node) or "")
    )


def _documents(name: str, method: str, seen: frozenset[str] = frozenset()) -> bool:
    """Whether a class of this name, or one that it inherits from, documents the method."""
    if name in seen:
        return False
    return any(
        any(each.name == method and ast.get_docstring(each) for each in _functions(node.body))
        or any(_documents(base, method, seen | {name}) for base in _named(node))
        for node in _classes().get(name, ())
    )


def _functions(body: Sequence[ast.stmt]) -> Iterator[Function]:
    for node in body:
        if isinstance(node, Function):
            yield node
        elif isinstance(node, ast.If | ast.Try):
            yield from _functions(node.body)


def _overrides_a_library(file: Path, node: ast.ClassDef, method: str) -> bool:
    module = ".".join(file.relative_to(SOURCE.parent).with_suffix("").parts)
    found = getattr(import_module(module), node.name)
    return any(
        hasattr(base, method) and not base.__module__.startswith("quantimodo")
        for base in found.__mro__[1:]
    )


def _without(
    tree: ast.Module, overrides: Callable[[ast.ClassDef, str], bool] = lambda _, __: False
) -> Iterator[str]:
    """The public functions and methods of a module without a docstring. `overrides`: whether the
    method of this class overrides one of a library."""
    for node in _functions(tree.body):
        if _is_public(node.name) and not ast.get_docstring(node):
            yield node.name
    for owner in tree.body:
        if not isinstance(owner, ast.ClassDef) or not _is_public(owner.name):
            continue
        for node in _functions(owner.body):
            if not _is_public(node.name) or ast.get_docstring(node):
                continue
            inherits = any(_documents(each, node.name) for each in _named(owner) - {owner.name})
            if not inherits and not overrides(owner, node.name):
                yield f"{owner.name}.{node.name}"


def _is_public(name: str) -> bool:
    return not name.startswith("_")


def test_each_public_function_has_a_docstring() -> None:
    missing = [
        f"{file.relative_to(SOURCE)}: {name}"
        for file, tree in trees(SOURCE).items()
        for name in _without(tree, partial(_overrides_a_library, file))
    ]
    assert not missing, "\n" + "\n".join(missing)


def test_each_protocol_that_is_named_exists() -> None:
    unknown = {
        name
        for nodes in _classes().values()
        for node in nodes
        for name in _IMPLEMENTS.findall(ast.get_docstring(node) or "")
        if name not in _classes()
    }
    assert unknown == set()


def test_a_missing_docstring_is_found() -> None:
    source = (
        "def f(): ...\n"
        "def g():\n    'Documented.'\n"
        "class C:\n    def m(self): ...\n    def _private(self): ...\n"
        "class Table:\n    'Implements `ClientStore`.'\n    def client(self): ...\n"
        "    def unknown(self): ...\n"
    )
    assert list(_without(ast.parse(source))) == ["f", "C.m", "Table.unknown"]
