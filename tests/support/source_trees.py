"""The syntax trees of modules, their nodes, and the names of tests, read once in each process."""

import ast
import gc
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/quantimodo"
TESTS = ROOT / "tests"


@cache
def names_of_tests(file: str) -> frozenset[str]:
    """The names of the test functions in a file below `tests/`."""
    tree = ast.parse((TESTS / file).read_text("utf-8"))
    found = (ast.FunctionDef, ast.AsyncFunctionDef)
    names = {node.name for node in tree.body if isinstance(node, found)}
    return frozenset(name for name in names if name.startswith("test_"))


def trees(folder: Path = SOURCE) -> Mapping[Path, ast.Module]:
    """The tree of each Python file below the folder, in the order of their paths.

    They stay until the end of the process, so no garbage collection looks at their nodes.
    """
    return _trees(folder)


@cache
def _trees(folder: Path) -> Mapping[Path, ast.Module]:
    gc.collect()
    gc.disable()
    found = {path: ast.parse(path.read_text("utf-8")) for path in sorted(folder.rglob("*.py"))}
    gc.freeze()
    gc.enable()
    return found


@cache
def walk(tree: ast.Module) -> Sequence[ast.AST]:
    """What `ast.walk` yields for the tree of a module: each of its nodes. To find them takes as
    long as to parse the module, and a dozen tests look at all of them."""
    found: list[ast.AST] = [tree]
    for node in found:
        for value in vars(node).values():
            if isinstance(value, ast.AST):
                found.append(value)
            elif isinstance(value, list):
                found += [each for each in value if isinstance(each, ast.AST)]
    return found
