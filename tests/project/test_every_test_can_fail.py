"""Each test has a check that runs and that can fail.

`support/checks_of_tests.py` has the rules. The samples below show what they refuse.
"""

import ast
from collections.abc import Iterator
from itertools import chain

import pytest

from support.checks import not_empty
from support.checks_of_tests import Reader, checking_functions, constant_checks, filled_functions
from support.source_trees import TESTS, trees

REFUSED = {
    "no check": "def test_it():\n    print(1)",
    "a loop that may not run": "def test_it(found):\n    for each in found: assert each",
    "a filtered loop": "def test_it():\n    for n in [n for n in (1, 2) if n > 2]: assert n",
    "a check of one case only": "def test_it(engine):\n    if engine: assert engine == 'sqlite'",
    "`all` of what may be empty": "def test_it(found):\n    assert all(each > 1 for each in found)",
    "no fault in what may be empty": "def test_it(a):\n    assert [n for n in a if n] == []",
    "a function that is not called": "def test_it():\n    def check():\n        assert False",
}
ACCEPTED = {
    "an assertion": "def test_it(found):\n    assert found == 1",
    "a refusal": "def test_it():\n    with pytest.raises(ValueError):\n        int('x')",
    "a loop over cases": "def test_it():\n    for each in (1, 2): assert each",
    "a loop over a constant": "CASES = [1]\ndef test_it():\n    for each in CASES: assert each",
    "a loop that is checked": "def test_it(found):\n    for each in not_empty(found): assert each",
    "both cases": "def test_it(one):\n    if one: assert one > 1\n    else: assert not one",
    "a function that checks": "def ok(n):\n    assert n\ndef test_it(n):\n    ok(n)",
}
CONSTANT = {
    "a constant": "assert True",
    "a tuple": "assert (1, 'it failed')",
    "the same twice": "assert found == found",
    "a function": "def check(): ...\nassert check",
    "a generator": "assert (each for each in found)",
    "any exception": "with pytest.raises(Exception): run()",
}


def unsure(tree: ast.Module) -> list[str]:
    reader = Reader(tree, checking_functions([tree]), filled_functions([tree]))
    return [test.name for test in reader.unsure_tests()]


@pytest.mark.parametrize("case", REFUSED)
def test_a_test_without_a_sure_check_is_found(case: str) -> None:
    assert unsure(ast.parse(REFUSED[case])) == ["test_it"]


@pytest.mark.parametrize("case", ACCEPTED)
def test_a_test_with_a_sure_check_is_accepted(case: str) -> None:
    assert unsure(ast.parse(ACCEPTED[case])) == []


@pytest.mark.parametrize("case", CONSTANT)
def test_a_check_that_cannot_fail_is_found(case: str) -> None:
    assert len(list(constant_checks(ast.parse(CONSTANT[case])))) == 1


def test_each_test_has_a_check_that_always_runs() -> None:
    modules = trees(TESTS)
    checking, filled = checking_functions(modules.values()), filled_functions(modules.values())

    def found() -> Iterator[str]:
        for path, tree in not_empty(modules.items()):
            for test in Reader(tree, checking, filled).unsure_tests():
                yield f"{path.relative_to(TESTS)}, line {test.lineno}: {test.name}"

    assert list(found()) == [], "compare a whole value, or loop over `not_empty(…)`"


def test_no_check_is_constant() -> None:
    found = chain.from_iterable(
        (f"{path.relative_to(TESTS)}, line {line}" for line in constant_checks(tree))
        for path, tree in not_empty(trees(TESTS).items())
    )
    assert list(found) == []
