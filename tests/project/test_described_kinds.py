"""Each scope, each kind of webhook event and each event of the log is described where people and
developers read it."""

import ast
import re
from collections.abc import Iterator

from quantimodo.model.app_events import KINDS, TEST_KIND
from quantimodo.openapi.events import DATA
from quantimodo.pages.portal.app_webhooks import TITLES
from quantimodo.protocol.scopes import SCOPES
from support.checks import not_empty
from support.source_trees import ROOT, trees, walk

DEVELOPERS = ROOT / "docs" / "developer"
MONITORING = ROOT / "docs" / "operator" / "monitoring.md"
_LEVELS = {"info", "warning", "error", "exception"}
_ROW = re.compile(r"^\| `([\w.]+)` \| ([^|]+?) \|", re.MULTILINE)


def rows(document: str, heading: str) -> list[tuple[str, str]]:
    """The first two columns of the table below a line of headings."""
    _, found, rest = (DEVELOPERS / document).read_text("utf-8").partition(f"{heading}\n")
    assert found, heading
    return _ROW.findall(rest.partition("\n\n")[0])


def test_each_scope_has_its_row_with_the_words_of_the_consent_page() -> None:
    described = rows("scopes.md", "| Scope | People read | It allows |")
    assert described == [(name, str(text.title)) for name, text in SCOPES.items()]


def test_each_event_has_its_row_its_data_and_its_title_in_the_portal() -> None:
    assert [name for name, _ in rows("webhooks.md", "| Event | When |")] == list(KINDS)
    assert set(DATA) == {*KINDS, TEST_KIND}
    assert list(TITLES) == list(KINDS)


def events_of_the_log() -> Iterator[tuple[str, bool]]:
    """The events that the server logs: the name, or its fixed part; and whether that is all."""
    for tree in trees().values():
        for node in walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr not in _LEVELS or not ast.unparse(node.func.value).endswith("_log"):
                continue
            match node.args[0]:
                case ast.Constant(value=str(name)):
                    yield name, True
                case ast.JoinedStr(values=parts):
                    fixed = [part.value for part in parts if isinstance(part, ast.Constant)]
                    yield "".join(map(str, fixed)), False


def test_each_event_of_the_log_has_its_row() -> None:
    _, found, rest = MONITORING.read_text("utf-8").partition("| `event` | Level | Meaning |\n")
    assert found
    rows = rest.partition("\n\n")[0].splitlines()
    described = re.findall(r"`([^`]+)`", " ".join(row.split(" | ")[0] for row in rows))
    for name, whole in not_empty(events_of_the_log()):
        if whole:
            assert name in described
        else:
            assert [each for each in described if name in each], name
