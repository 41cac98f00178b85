"""docs/reference/index.md: every citation in code, tests and documents resolves."""

import re
from pathlib import Path

import pytest

from support.citations import REFERENCE, ROOT, citing_files, documents, faults, sections

EXAMPLES = {REFERENCE / "index.md", Path(__file__), ROOT / "tests" / "support" / "citations.py"}


def test_every_citation_names_a_document_and_a_section_that_exist() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {fault}"
        for path in citing_files()
        if path not in EXAMPLES
        for fault in faults(
            path.read_text("utf-8"), path.name if path.parent == REFERENCE else None
        )
    ]
    assert not found, "\n".join(found)


def test_no_file_names_a_document_that_is_not_in_the_repository() -> None:
    elsewhere = re.compile(r"\bshared/(?:spec|reference|design|bench)\b")
    found = [path for path in citing_files() if elsewhere.search(path.read_text("utf-8"))]
    assert set(found) <= {Path(__file__)}


def test_the_reference_has_three_numbered_documents() -> None:
    assert documents() == {"security.md", "v2-api.md", "measurements-api.md"}
    assert {"1", "14b", "23a", "31", "R15"} <= sections("security.md")
    assert {"1", "2.6", "9"} <= sections("v2-api.md")


@pytest.mark.parametrize(
    "text",
    [
        "RFC 9700 §4.14.2",
        "(RFC 6749 §4.1.2, §4.2.2; OpenID Connect Core §5.4)",
        "security.md §18, §22",
        "v2-api.md §2.1 to §2.4",
        "# a comment (security.md\n    # §14b) over two lines",
        "-- security.md §R3, RFC 6265bis §4.1.3.2",
    ],
)
def test_a_citation_of_a_known_section_is_accepted(text: str) -> None:
    assert list(faults(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "security.md §32",
        "security.md §18, §99",
        "security.md 18",
        "v2-api.md §2.7",
        "contract §4",
        "§5.4: a section without a document",
        "RFC 9999 §1",
        "RFC 9999",
        "RFC6749 §1",
        "RFC 6749 section 4, § 5",
        "OpenID Connect Corners §2",
    ],
)
def test_an_unknown_citation_is_refused(text: str) -> None:
    assert list(faults(text))


def test_a_document_of_the_reference_may_cite_its_own_sections_by_number_alone() -> None:
    assert list(faults("as in §4", own="v2-api.md")) == []
    assert list(faults("as in §40", own="v2-api.md"))
