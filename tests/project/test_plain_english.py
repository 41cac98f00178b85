"""Comments, documents, messages, names and file names use the field's terms and plain English.

`prose_rules.py` has the refused words.
"""

import ast
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from project.prose_rules import RULES, findings
from support.source_trees import ROOT, SOURCE, TESTS, trees, walk

_ROOTS = ("src", "tests", "clients", "docs", "bench", "scripts", "examples", "deploy")
_KINDS = {".py", ".md", ".html", ".txt", ".css", ".js", ".mjs", ".toml", ".sql", ".svg", ""}
# Not Swift: `guard` is one of its keywords.
_KINDS |= {".dart", ".go", ".java", ".jsx", ".kt", ".lua", ".sh"}
_KINDS |= {".service", ".tpl", ".yaml", ".yml"}
_NOT_OURS = {"__pycache__", "node_modules", "generated", "dist", "build", "guides", ".venv"}
_NOT_OURS |= {"swagger_ui"}  # its licences
_NOT_OURS |= {"target", ".next"}  # what builds of examples make
_QUOTED = {
    "AuthenticationApi.md",  # a document of 2016, as its authors wrote it
    "prose_rules.py",
    "test_plain_english.py",
}


def _files() -> Iterator[Path]:
    yield from (path for path in ROOT.iterdir() if _is_prose(path) and path.name != "LICENSE")
    for root in _ROOTS:
        for folder, folders, names in os.walk(ROOT / root):
            folders[:] = [name for name in folders if name not in _NOT_OURS]
            yield from (path for name in names if _is_prose(path := Path(folder, name)))


def _is_prose(path: Path) -> bool:
    return path.is_file() and path.suffix in _KINDS and path.name not in _QUOTED


def test_no_refused_word_comes_back() -> None:
    faults = []
    for path in _files():
        name = path.relative_to(ROOT).as_posix()
        faults += [f"file name {name}:{fault}" for fault in findings(name)]
        faults += [f"{name}:{fault}" for fault in findings(path.read_text("utf-8", "replace"))]
    assert not faults, "\n" + "\n".join(faults)


@pytest.mark.parametrize(
    "text",
    [
        "Each command is an errand.",
        "The heir of a token.",
        "def open_house() -> None: ...",
        "class LogoutTeller: ...",
        "OpenHouse()",
        "a transaction of its\n    # own",
        'fail("not of "\n "our own")',
        "test_nobody_else_reads_it",
        "an e-mail, sent as a letter",
        "Nor does the server read it.",
        "There may the client read it.",
        "/confirm?ticket=qmt_x",
        "how to mend it",
        "test_the_answer_is_not_cached",
        "A proxy hands on the certificate.",
    ],
)
def test_a_refused_word_is_found(text: str) -> None:
    assert len(findings(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "family_name and given_name",
        "a digit or a capital letter",
        "letters, digits and spaces",
        "street_address",
        "font-family: serif",
        "text_string_to_metric_families(metrics)",
        "greenhouse, background, message, bellows",
        "RestrictAddressFamilies=AF_UNIX",
        "runs as the account `nobody`",
        'pwd.getpwnam("nobody")',
        "failures there have a separate counter",
    ],
)
def test_a_usual_word_is_not_found(text: str) -> None:
    assert findings(text) == []


def test_a_finding_names_its_line_reason_and_replacement() -> None:
    (found,) = findings("first\nsecond heir\n")
    assert str(found).startswith("2: 'heir': ")
    assert "successor" in str(found)


def test_each_rule_has_a_reason_and_a_replacement() -> None:
    assert all(rule.reason and rule.use for rule in RULES)


_MODELS_OF_2016 = {"TokenAnswer", "LoginAnswer", "AuthorizationAnswer"}
_OLD_WORDS = re.compile(
    r"(?i:(?:^|_)(?:answers?|asked|said|ways?|thief|thieves|deaf|ears)(?:_|$))|Answer(?!ed)|Asked"
)
# One verb has one meaning (test_verbs.py): mint, respond, handle_callback.
# To verify is to check a signature or another proof.
_OLD_VERBS = re.compile(
    r"_?(?:issue|keep|answer|arrive|wait|ask|recognise)(?:_|$)|_?verify_(?:\w+_)?(?:email|address)"
)


@cache
def _is_old(name: str) -> bool:
    """Most names are in many modules."""
    return _OLD_WORDS.search(name) is not None


def _names(source: ast.Module) -> Iterator[str]:
    """The names that `source` defines, test functions excepted: their names are sentences."""
    for node in walk(source):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() if node.name.startswith("test_"):
                pass
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.Name(ctx=ast.Store()):
                yield node.id
            case ast.arg():
                yield node.arg
            case _:
                pass


_OTHER_CODE = [
    pytest.param(ROOT / folder, marks=pytest.mark.full) for folder in ("tests", "bench", "clients")
]


@pytest.mark.parametrize("folder", [SOURCE, *_OTHER_CODE])
def test_http_messages_are_named_requests_and_responses(folder: Path) -> None:
    # RFC 9110 §3.4 has the names that engineers of the field search for.
    faults = {
        f"{path.relative_to(ROOT)}: {name}"
        for path, tree in trees(folder).items()
        if not _NOT_OURS.intersection(path.parts)
        for name in frozenset(_names(tree)) - _MODELS_OF_2016
        if _is_old(name)
    }
    assert not faults, "\n" + "\n".join(sorted(faults))


def test_one_verb_has_one_meaning() -> None:
    faults = {
        f"{path.relative_to(ROOT)}: {node.name}"
        for path, tree in trees(SOURCE).items()
        for node in walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and _OLD_VERBS.match(node.name)
    }
    assert not faults, "\n" + "\n".join(sorted(faults))


_RIDDLES = re.compile(r"^ *(?:async )?def (test_(?:what|who)_\w*)", re.M)


def test_the_name_of_a_test_has_a_subject() -> None:
    # "what is refused" and "who comes back" are riddles: the name says which value, which person.
    faults = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted(TESTS.rglob("*.py"))
        for name in _RIDDLES.findall(path.read_text("utf-8"))
    ]
    assert not faults, "\n" + "\n".join(faults)


_OF_TEMPLATES = re.compile(
    r"{% macro (\w+)|{% set (\w+)|class=\"([^\"{]*)|import (\w+(?:, \w+)*)|^\.([\w-]+)", re.M
)


def test_templates_and_styles_have_no_old_name() -> None:
    faults = []
    for path in (*SOURCE.rglob("pages/templates/**/*.html"), *SOURCE.rglob("pages/static/*.css")):
        names = [path.stem]
        for match in _OF_TEMPLATES.finditer(path.read_text("utf-8")):
            names += re.findall(r"[\w-]+", " ".join(filter(None, match.groups())))
        faults += [
            f"{path.relative_to(ROOT)}: {name}"
            for name in names
            if _OLD_WORDS.search(name.replace("-", "_"))
        ]
    assert not faults, "\n" + "\n".join(faults)


def test_an_old_name_of_a_response_is_found() -> None:
    source = "def f(asked):\n    answer = 1\nclass Answer: ...\ndef test_it_answers(): ..."
    assert [name for name in _names(ast.parse(source)) if _OLD_WORDS.search(name)] == [
        "Answer",
        "asked",
        "answer",
    ]
