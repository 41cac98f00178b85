"""Sizes that the code keeps: collaborators of a class, parameters of a function, lines of a file.

A service is a class with an asynchronous method, a protocol outside `model`, or a class with
methods whose constructor takes a service. A collaborator is a constructor parameter, or a field of
a dataclass, whose annotation names a service, a `Callable` or an alias of them. Fields that a
dataclass inherits count. A class without methods has none.
Parameters include keyword-only ones, `*args` and `**kwargs`; `self` and `cls` do not count.

A file of tests has the cases of one section or one promise, so that it is found by its name; its
length follows from their number, and has a higher limit.

`EXCEPTIONS` are permanent, with the reason.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import pytest

from support.source_trees import ROOT, SOURCE, TESTS, trees, walk

SOURCES = (SOURCE, ROOT / "clients/python/src/swagger_client")
MOST_COLLABORATORS = 8
MOST_PARAMETERS = 6
MOST_LINES = 300
MOST_LINES_OF_TESTS = 1000

# The tree of settings, the table of client metadata fields.
SCHEMAS = (
    "src/quantimodo/app/settings/tree.py",
    "src/quantimodo/protocol/client_fields.py",
)
GENERATED = tuple(
    f"clients/python/src/swagger_client/session/{name}.py" for name in ("api_calls", "session")
)

EXCEPTIONS: Mapping[str, str] = {
    "src/quantimodo/ports/stores.py:Stores": "composes all stores; services take single ones",
    "swagger_client/api_client.py:ApiClient.call_api": "the signature of the 2016 client",
    "swagger_client/api_client.py:ApiClient.request": "the signature of the 2016 client",
    "swagger_client/apis/authentication_api.py:AuthenticationApi.v2_auth_social_login_get": (
        "the signature of the 2016 client"
    ),
    "swagger_client/apis/authentication_api.py:AuthenticationApi.v2_oauth2_access_token_get": (
        "the signature of the 2016 client"
    ),
    "swagger_client/apis/authentication_api.py:AuthenticationApi.v2_oauth_authorize_get": (
        "the signature of the 2016 client"
    ),
    "swagger_client/session/async_session.py:AsyncOAuthSession.__init__": (
        "public interface: optional keywords with defaults"
    ),
    "swagger_client/session/session.py:OAuthSession.__init__": (
        "public interface: optional keywords with defaults"
    ),
}


@cache
def _trees() -> Mapping[str, ast.Module]:
    return {
        str(file.relative_to(ROOT)).removeprefix("clients/python/src/"): tree
        for folder in SOURCES
        for file, tree in trees(folder).items()
    }


def _methods(node: ast.ClassDef) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [n for n in node.body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    arguments = node.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    named += [more for more in (arguments.vararg, arguments.kwarg) if more is not None]
    return [argument for argument in named if argument.arg not in ("self", "cls")]


def _names(annotation: ast.expr | None) -> set[str]:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = ast.parse(annotation.value, mode="eval").body
    if annotation is None:
        return set()
    nodes = list(ast.walk(annotation))
    return {n.id for n in nodes if isinstance(n, ast.Name)} | {
        n.attr for n in nodes if isinstance(n, ast.Attribute)
    }


def _constructor(node: ast.ClassDef) -> list[set[str]]:
    """For each parameter of the constructor, the names in its annotation."""
    for method in _methods(node):
        if method.name == "__init__":
            return [_names(parameter.annotation) for parameter in _parameters(method)]
    if any("dataclass" in _names(decorator) for decorator in node.decorator_list):
        return [_names(field.annotation) for field in node.body if isinstance(field, ast.AnnAssign)]
    return []


@cache
def _classes() -> Sequence[tuple[str, ast.ClassDef, Sequence[set[str]]]]:
    """Each class with its path, and for each parameter of its constructor the names in its
    annotation."""
    return [
        (path, node, _constructor(node))
        for path, tree in _trees().items()
        for node in walk(tree)
        if isinstance(node, ast.ClassDef)
    ]


def _inherited(node: ast.ClassDef, constructor: Sequence[set[str]]) -> Sequence[set[str]]:
    """The constructor of a class, with the fields of the dataclasses that it inherits from."""
    if any(method.name == "__init__" for method in _methods(node)):
        return constructor
    bases = {name for base in node.bases for name in _names(base)} - {node.name}
    more = [
        names
        for _, each, fields in _classes()
        if each.name in bases
        for names in _inherited(each, fields)
    ]
    return [*more, *constructor]


@cache
def _aliases() -> Mapping[str, set[str]]:
    """For each name that a module gives to a type, such as `Send = Callable[...]`, the names in
    that type. Names of constants are in capital letters."""
    return {
        target.id: _names(node.value)
        for tree in _trees().values()
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, (ast.Subscript, ast.BinOp))
        for target in node.targets
        if isinstance(target, ast.Name) and not target.id.isupper()
    }


@cache
def _services() -> frozenset[str]:
    found = {
        node.name
        for path, node, _ in _classes()
        if any(isinstance(method, ast.AsyncFunctionDef) for method in _methods(node))
        or (any("Protocol" in _names(base) for base in node.bases) and "/model/" not in path)
    }
    while True:
        more = {
            node.name
            for _, node, constructor in _classes()
            if _methods(node) and any(names & found for names in constructor)
        }
        if more <= found:
            return frozenset(found)
        found |= more


def _functions(
    node: ast.AST, prefix: str = ""
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")
        elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield f"{prefix}{child.name}", child
            yield from _functions(child, f"{prefix}{child.name}.")
        elif not isinstance(child, ast.expr):  # no expression has a function with a name
            yield from _functions(child, prefix)


@cache
def collaborators() -> Mapping[str, int]:
    """For each class with methods, how many services it is constructed with."""
    services = _services() | {"Callable"}
    services |= {alias for alias, names in _aliases().items() if names & services}
    return {
        f"{path}:{node.name}": sum(
            bool(names & services) for names in _inherited(node, constructor)
        )
        for path, node, constructor in _classes()
        if _methods(node)
    }


@cache
def parameters() -> Mapping[str, int]:
    """For each function and method, how many parameters it has."""
    return {
        f"{path}:{name}": len(_parameters(node))
        for path, tree in _trees().items()
        for name, node in _functions(tree)
    }


@cache
def lines() -> Mapping[str, int]:
    """For each file, how many lines it has."""
    return {
        str(file.relative_to(ROOT)): len(file.read_text("utf-8").splitlines())
        for folder in SOURCES
        for file in sorted(folder.rglob("*.py"))
        if not str(file.relative_to(ROOT)).startswith((*SCHEMAS, *GENERATED))
    }


def _too_large(found: Mapping[str, int], most: int) -> dict[str, int]:
    return {
        name: number for name, number in found.items() if number > most and name not in EXCEPTIONS
    }


def test_no_class_has_more_than_eight_collaborators() -> None:
    assert _too_large(collaborators(), MOST_COLLABORATORS) == {}


def test_no_function_has_more_than_six_parameters() -> None:
    assert _too_large(parameters(), MOST_PARAMETERS) == {}


def test_no_file_has_more_than_three_hundred_lines() -> None:
    assert _too_large(lines(), MOST_LINES) == {}


def test_no_file_of_tests_is_longer_than_its_limit() -> None:
    found = {
        str(file.relative_to(ROOT)): len(file.read_text("utf-8").splitlines())
        for file in sorted(TESTS.rglob("*.py"))
    }
    assert _too_large(found, MOST_LINES_OF_TESTS) == {}


@pytest.mark.parametrize(
    ("measure", "name"),
    [
        (collaborators, "src/quantimodo/endpoints/token.py:TokenEndpoint"),
        (parameters, "swagger_client/session/async_session.py:AsyncOAuthSession.sign_in"),
        (lines, "src/quantimodo/app/requests/dispatch.py"),
    ],
)
def test_the_measurements_find_what_they_measure(measure: object, name: str) -> None:
    assert callable(measure)
    assert measure()[name] >= 4


def test_an_alias_of_a_service_is_a_collaborator() -> None:
    assert _aliases()["ChargeOfEvent"] == {"Callable", "Event", "Charge"}


def test_each_exception_is_needed() -> None:
    needed = {
        *(name for name, number in collaborators().items() if number > MOST_COLLABORATORS),
        *(name for name, number in parameters().items() if number > MOST_PARAMETERS),
    }
    assert EXCEPTIONS.keys() - needed == set()
