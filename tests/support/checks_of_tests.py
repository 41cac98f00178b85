"""Which tests have no check that always runs: they would pass whatever the server does.

Reads syntax trees only. A check in a loop counts where the loop certainly runs: over a display that
is not empty, a constant, or `not_empty(…)`.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

Function = ast.FunctionDef | ast.AsyncFunctionDef

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
_FAILING = {
    *("raises", "fail", "not_empty", "validate", "expect", "timeout", "run_state_machine_as_test"),
    *("wait_for_url", "wait_for_selector", "wait_for_function"),
}
"""Calls of libraries that fail by themselves."""
_SAME_LENGTH = {
    *("enumerate", "zip", "sorted", "list", "tuple", "set", "frozenset", "reversed", "map"),
    *("dict", "product", "chain", "gather", "items", "values", "keys"),
}
_NEVER_EMPTY = {"not_empty", "range", "get_args", "fields", "split", "splitlines", "walk"}


@dataclass(slots=True)
class FunctionFacts:
    """What a function does anywhere in it, in functions inside it too."""

    name: str
    calls: set[str] = field(default_factory=set)
    checks: bool = False
    filled: bool = False


@dataclass(slots=True)
class ModuleFacts:
    """The functions, assertions and `raises` of a module."""

    functions: list[FunctionFacts] = field(default_factory=list)
    asserts: list[ast.Assert] = field(default_factory=list)
    raises: list[ast.Call] = field(default_factory=list)


@cache
def facts_of(tree: ast.Module) -> ModuleFacts:
    """Reads each node of the module once."""
    facts = ModuleFacts()
    waiting: list[tuple[ast.AST, tuple[FunctionFacts, ...]]] = [(tree, ())]
    while waiting:
        node, owners = waiting.pop()
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                facts.functions.append(FunctionFacts(name))
                owners = (*owners, facts.functions[-1])
            case ast.Assert() | ast.Raise():
                facts.asserts += [node] if isinstance(node, ast.Assert) else []
                for each in owners:
                    each.checks = True
            case ast.Return() if owners and _called(node.value) == "not_empty":
                owners[-1].filled = True
            case ast.Call():
                name = _called(node) or ""
                facts.raises += [node] if name == "raises" else []
                for each in owners:
                    each.calls.add(name)
        waiting += ((child, owners) for child in _children(node))
    return facts


def checking_functions(trees: Iterable[ast.Module]) -> frozenset[str]:
    """The names of functions that check something, directly or by another one of them."""
    functions = [each for tree in trees for each in facts_of(tree).functions]
    found = {each.name for each in functions if each.checks}
    while more := {each.name for each in functions if each.calls & found} - found:
        found |= more
    return frozenset(found)


def filled_functions(trees: Iterable[ast.Module]) -> frozenset[str]:
    """The names of functions that return `not_empty(…)`."""
    return frozenset(
        each.name for tree in trees for each in facts_of(tree).functions if each.filled
    )


def constant_checks(tree: ast.Module) -> Iterator[int]:
    """The lines of checks that cannot fail, and of `raises` that any error satisfies."""
    facts = facts_of(tree)
    functions = {each.name for each in facts.functions}
    yield from (each.lineno for each in facts.asserts if _is_constant(each.test, functions))
    for call in facts.raises:
        if call.args and ast.unparse(call.args[0]) in ("Exception", "BaseException"):
            yield call.lineno


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the tests of one module. `checking` and `filled`: the functions above."""

    tree: ast.Module
    checking: frozenset[str]
    filled: frozenset[str]

    def unsure_tests(self) -> Iterator[Function]:
        """The tests without a check that always runs."""
        constants = self._assigned(self.tree, _imported_constants(self.tree))
        for node in self.tree.body:
            if isinstance(node, _FUNCTIONS) and node.name.startswith("test_"):
                known = self._assigned(node, constants | self._parameters(node, constants))
                if not any(self._checks(each, known) for each in node.body):
                    yield node

    def _checks(self, node: ast.AST, known: frozenset[str]) -> bool:
        """Whether a check in this node always runs."""
        match node:
            case ast.Assert():
                return self._compares(node.test, known)
            case ast.For() | ast.AsyncFor():
                return self._is_filled(node.iter, known) and self._any(node.body, known)
            case ast.If():
                return self._any(node.body, known) and self._any(node.orelse, known)
            case ast.Match():
                return all(self._any(case.body, known) for case in node.cases)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda() | ast.ClassDef():
                return False
            case ast.Call() if _called(node) in self.checking or _called(node) in _FAILING:
                return True
            case ast.Call() if any(word.arg == "check" for word in node.keywords):
                return True
        return self._any(_children(node), known)

    def _any(self, nodes: Iterable[ast.AST], known: frozenset[str]) -> bool:
        return any(self._checks(node, known) for node in nodes)

    def _compares(self, test: ast.expr, known: frozenset[str]) -> bool:
        """Whether an assertion compares something: not the elements of what may be empty."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            test = test.operand
        elif isinstance(test, ast.Compare) and _is_empty(test.comparators[0]):
            test = test.left
        elif _called(test) != "all":
            return True
        if isinstance(test, ast.Call) and _called(test) in ("all", "any"):
            test = test.args[0]
        if not isinstance(test, _COMPREHENSIONS):
            return True
        return all(self._is_filled(each.iter, known) for each in test.generators)

    def _is_filled(self, node: ast.AST, known: frozenset[str]) -> bool:
        """Whether a loop over this certainly runs."""
        match node:
            case ast.Tuple() | ast.List() | ast.Set():
                return any(
                    self._is_filled(each, known) for each in node.elts if _many(each)
                ) or any(not _many(each) for each in node.elts)
            case ast.Dict():
                return bool(node.keys)
            case ast.Constant():
                return bool(node.value)
            case ast.Name():
                return node.id in known
            case ast.Attribute():
                return node.attr.isupper()
            case ast.Starred() | ast.Await() | ast.Subscript():
                return self._is_filled(node.value, known)
            case ast.BinOp(op=ast.Add() | ast.BitOr()):
                return self._is_filled(node.left, known) or self._is_filled(node.right, known)
            case ast.BinOp(op=ast.Mult()):
                return self._is_filled(node.left, known)
            case ast.IfExp():
                return self._is_filled(node.body, known) and self._is_filled(node.orelse, known)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return all(
                    not each.ifs and self._is_filled(each.iter, known) for each in node.generators
                )
            case ast.Call():
                return self._fills(node, known)
        return False

    def _fills(self, call: ast.Call, known: frozenset[str]) -> bool:
        name = _called(call)
        if name in _NEVER_EMPTY or name in self.filled:
            return True
        if name not in _SAME_LENGTH:
            return False
        whole = name in ("items", "values", "keys") and isinstance(call.func, ast.Attribute)
        given = [call.func.value] if whole else call.args[1:] if name == "map" else call.args
        return bool(given) and all(self._is_filled(each, known) for each in given)

    def _assigned(self, scope: ast.AST, known: frozenset[str]) -> frozenset[str]:
        """The names that are known, and those that the scope assigns something that is filled."""
        found = set(known)
        nodes = scope.body if isinstance(scope, ast.Module) else _statements(scope)
        for node in nodes:
            value = getattr(node, "value", None)
            targets = getattr(node, "targets", [getattr(node, "target", None)])
            if isinstance(node, ast.Assign | ast.AnnAssign) and value is not None:
                for target in targets:
                    found |= self._named(target, value, frozenset(found))
        return frozenset(found)

    def _named(self, target: ast.AST, value: ast.AST, known: frozenset[str]) -> set[str]:
        if isinstance(target, ast.Name):
            return {target.id} if self._is_filled(value, known) else set()
        pairs: Iterable[tuple[ast.AST, ast.AST]] = ()
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            pairs = zip(target.elts, value.elts, strict=False)
        return {name for each in pairs for name in self._named(*each, known)}

    def _parameters(self, test: Function, known: frozenset[str]) -> frozenset[str]:
        """The parameters that are filled in each case of `parametrize`."""
        found: set[str] = set()
        for mark in test.decorator_list:
            if _called(mark) != "parametrize" or not isinstance(mark, ast.Call):
                continue
            names = _names(mark.args[0])
            cases = mark.args[1].elts if isinstance(mark.args[1], ast.Tuple | ast.List) else []
            for number, name in enumerate(names):
                values = [_nth(each, number, len(names)) for each in cases]
                if values and all(each and self._is_filled(each, known) for each in values):
                    found.add(name)
        return frozenset(found)


def _called(node: object) -> str | None:
    """The last name of the function that a call calls."""
    if not isinstance(node, ast.Call):
        return None
    match node.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return None


def _children(node: ast.AST) -> Iterator[ast.AST]:
    for value in vars(node).values():
        if isinstance(value, ast.AST):
            yield value
        elif isinstance(value, list):
            yield from (each for each in value if isinstance(each, ast.AST))


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """The statements in a function, at any depth."""
    for child in _children(node):
        if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield child
            yield from _statements(child)


def _is_constant(test: ast.expr, functions: set[str]) -> bool:
    match test:
        case ast.Constant() | ast.Tuple() | ast.Lambda() | ast.JoinedStr() | ast.GeneratorExp():
            return True
        case ast.List(elts=elements) | ast.Set(elts=elements):
            return bool(elements)
        case ast.Name(id=name):
            return name in functions
        case ast.Compare(left=left, comparators=[right]):
            calls = any(isinstance(each, ast.Call | ast.Await) for each in ast.walk(left))
            return not calls and ast.dump(left) == ast.dump(right)
    return False


def _many(node: ast.AST) -> bool:
    return isinstance(node, ast.Starred)


def _is_empty(node: ast.expr) -> bool:
    return ast.unparse(node) in ("[]", "{}", "set()", "()")


def _imported_constants(tree: ast.Module) -> frozenset[str]:
    imports = (node for node in tree.body if isinstance(node, ast.ImportFrom))
    names = (each.asname or each.name for node in imports for each in node.names)
    return frozenset(name for name in names if name.isupper())


def _names(node: ast.expr) -> list[str]:
    found = ast.literal_eval(node)
    return found.replace(" ", "").split(",") if isinstance(found, str) else list(found)


def _nth(case: ast.expr, number: int, count: int) -> ast.expr | None:
    if isinstance(case, ast.Call) and _called(case) == "param":
        return case.args[number] if count == len(case.args) else None
    if count == 1:
        return case
    return case.elts[number] if isinstance(case, ast.Tuple) and len(case.elts) == count else None
