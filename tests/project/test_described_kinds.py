"""Each scope and each kind of webhook event is described where people and developers read it."""

import re
from pathlib import Path

from quantimodo.model.app_events import KINDS, TEST_KIND
from quantimodo.openapi.events import DATA
from quantimodo.pages.portal.app_webhooks import TITLES
from quantimodo.protocol.scopes import SCOPES

DEVELOPERS = Path(__file__).parents[2] / "docs" / "developer"
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
