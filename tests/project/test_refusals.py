"""The table of refusals: each has its fix and its guide, and each error names a row of it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantimodo.app.requests.refusal_reports import OF_TRANSPORT
from quantimodo.protocol.authorization import InvalidClientOrRedirect
from quantimodo.protocol.errors import OAuthError
from quantimodo.protocol.refusals import (
    HEADING,
    REFUSALS,
    document_section,
    error_uri,
    guide_path,
    public_code,
)
from support.source_trees import trees

DOCS = Path(__file__).parents[2] / "docs/developer"
CODE = re.compile(r"[a-z][a-z0-9_]{2,60}")
# RFC 6749 §5.2: error_uri and error.
ERROR_CHARACTERS = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
OF_REGISTRATION = {
    "InvalidClientMetadata",
    "InvalidRedirectUri",
    "InvalidSoftwareStatement",
    "UnapprovedSoftwareStatement",
}


def anchors(page: Path) -> set[str]:
    """The ids of the headings, as the guides make them."""
    heads = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", head).strip().lower()) for head in heads}


def kinds_of_errors(base: type[OAuthError] = OAuthError) -> Iterator[type[OAuthError]]:
    """Each class of errors, in whichever module it is."""
    for kind in base.__subclasses__():
        yield kind
        yield from kinds_of_errors(kind)


def test_every_refusal_has_what_was_expected_a_fix_and_a_guide() -> None:
    known = {page.name: anchors(page) for page in DOCS.glob("*.md")}
    assert len(REFUSALS) > 80
    for code, row in REFUSALS.items():
        page, _, anchor = row.guide.partition("#")
        assert anchor in known[page], f"{code}: there is no {row.guide}"
        assert CODE.fullmatch(row.code)
        for text in (row.expected, row.fix, row.person):
            assert text.endswith("."), code
        assert guide_path(row).startswith("/guides/developer/")
        assert not row.shown_as or row.shown_as in REFUSALS, code


def test_the_document_is_made_from_the_table() -> None:
    text = (DOCS / "errors.md").read_text("utf-8")
    assert text.partition(HEADING)[1:] == (HEADING, document_section().removeprefix(HEADING)), (
        "run scripts/refusals"
    )
    assert REFUSALS.keys() <= anchors(DOCS / "errors.md")


def test_the_error_uri_does_not_reveal_which_credential_is_wrong() -> None:
    wrong = [code for code, row in REFUSALS.items() if row.shown_as]
    assert {"client_unknown", "client_secret_wrong", "client_assertion_invalid"} <= set(wrong)
    assert {public_code(code) for code in wrong} == {"client_authentication_failed"}
    for code in REFUSALS:
        address = error_uri("https://id.example.org", code)
        assert ERROR_CHARACTERS.fullmatch(address)
        assert address.endswith(f"/guides/developer/errors/#{public_code(code)}")
    assert error_uri("https://id.example.org", "") == ""
    assert error_uri("https://id.example.org", "no_such_code") == ""


def test_every_kind_of_error_has_a_row() -> None:
    kinds = [kind for kind in kinds_of_errors() if hasattr(kind, "code")]
    assert len(kinds) > 20
    for kind in kinds:
        if kind.__name__ in OF_REGISTRATION or kind.__name__ == "RegistrationClosed":
            assert kind.default_refusal == ""
        else:
            assert kind.default_refusal in REFUSALS, kind
    assert InvalidClientOrRedirect("text").refusal in REFUSALS


def test_every_error_in_the_source_names_a_row() -> None:
    named: set[str] = set()
    for tree in trees().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg == "refusal":
                if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                    named.add(node.value.value)
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_refusal":
                named |= {each.value for each in node.args[2:] if isinstance(each, ast.Constant)}
    named |= set(OF_TRANSPORT.values())
    defaults = {kind.default_refusal for kind in kinds_of_errors()} - {""}
    assert named <= REFUSALS.keys()
    unused = REFUSALS.keys() - named - defaults
    assert unused == {"client_secret_missing", "client_secret_wrong"}, unused


@pytest.mark.parametrize("code", ["redirect_uri_not_registered", "client_secret_wrong"])
def test_a_fix_has_the_id_of_the_app_in_its_command(code: str) -> None:
    row = REFUSALS[code]
    assert "CLIENT_ID" in row.fix
    assert row.fix_for("abc") == row.fix.replace("CLIENT_ID", "abc")
    assert row.fix_for("") == row.fix
