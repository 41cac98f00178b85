"""security.md §23: addresses, names and paths are checked in one normal form."""

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from quantimodo.accounts.addresses import (
    email_address,
    known_email,
    local_path,
    person_name,
    presented_email,
)
from quantimodo.accounts.errors import InvalidInput
from quantimodo.model.users import fold_email, is_same_email


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ann@example.org", "ann@example.org"),
        ("  Ann.B+tag@EXAMPLE.Org ", "Ann.B+tag@example.org"),
        ("ann＠example。org", "ann@example.org"),
        ("ａｎｎ＠ｅｘａｍｐｌｅ．ｏｒｇ", "ann@example.org"),
        ("straße@example.org", "straße@example.org"),
        ("μεσος@example.org", "μεσος@example.org"),
        ("Zoe\u0308@example.org", "Zoë@example.org"),
        ("jürgen@bücher.example", "jürgen@xn--bcher-kva.example"),
        ("ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
        ("o'hara/x@a-b.example.org", "o'hara/x@a-b.example.org"),
    ],
)
def test_an_address_is_kept_in_one_form(typed: str, kept: str) -> None:
    assert email_address(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "@",
        "ann",
        "ann@",
        "@example.org",
        "ann@localhost",
        "ann@example..org",
        "ann@-a.example",
        "ann@a_b.example",
        "ann@[192.0.2.1]",
        "ann@192.0.2.1",
        "a b@example.org",
        "ann@b@example.org",
        ".ann@example.org",
        "a..b@example.org",
        "ann@example.org\r\nBcc: all@example.org",
        "ann\0@example.org",
        "ann\u202e@example.org",
        "ann\ud800@example.org",
        "ann@\ud800.org",
        "ann,bob@example.org",
        '"ann"@example.org',
        "Ann <ann@example.org>",
        "a" * 65 + "@example.org",
        "ann@" + "a" * 64 + ".org",
        "ann@" + ".".join(["abcdefg"] * 40),
        "ﷺ" * 100 + "@example.org",
        "a@" + "b" * 100_000,
        "\ufb01ona@example.org",
        "\u017fam@example.org",
        "x\u00b2@example.org",
        "ann@ex\u24d0mple.org",
    ],
)
def test_invalid_addresses_are_refused_without_an_echo(typed: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        email_address(typed)
    assert refused.value.field == "email"
    assert refused.value.message == "Enter an e-mail address such as name@example.org."


def test_a_domain_that_two_standards_read_differently_is_refused() -> None:
    with pytest.raises(InvalidInput, match="xn--"):
        email_address("ann@straße.example")


@given(st.text(max_size=80).map(lambda text: f"{text}@example.org"))
def test_an_address_that_is_kept_stays_as_it_is(typed: str) -> None:
    kept = presented_email(typed)
    assert kept == "@" or email_address(kept) == kept
    assert unicodedata.is_normalized("NFKC", kept)
    assert not any(unicodedata.category(character)[0] in "CZ" for character in kept)


@given(st.emails())
def test_ordinary_addresses_are_taken(typed: str) -> None:
    local, _, domain = typed.rpartition("@")
    assume(len(typed) <= 254 and not domain.rpartition(".")[2].isdigit())
    assert fold_email(email_address(typed)) == fold_email(f"{local}@{domain}")


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        ("Ann@Example.ORG", "Ann@example.org"),
        ("zoe\u0308@example.org", "zoë@example.org"),
        ("straße@example.org", "straße@example.org"),
        ("\uff41nn@example.org", None),
        ("ann\uff20example.org", None),
        ("\ufb01ona@example.org", None),
        (" ann@example.org ", "ann@example.org"),
        ("ann", None),
        ("", None),
        (None, None),
    ],
)
def test_an_address_of_a_provider_is_compared_exactly(sent: str | None, known: str | None) -> None:
    assert known_email(sent) == known


@pytest.mark.parametrize(
    "other", ["STRASSE@example.org", "straẞe@example.org", "STRAßE@example.com"]
)
def test_addresses_are_the_same_but_for_the_case_of_ascii_letters(other: str) -> None:
    assert is_same_email("straße@example.org", "STRAßE@Example.org")
    assert not is_same_email("straße@example.org", other)


def test_no_account_is_found_by_what_is_not_an_address() -> None:
    assert presented_email("nonsense") == "@"


def test_a_name_is_trimmed_and_composed() -> None:
    assert person_name("  Zoe\u0308   Example ") == "Zoë Example"


@pytest.mark.parametrize("name", ["علی\u200cرضا", "👩\u200d🔬 Ann", "O’Hara-Smith, Jr."])
def test_names_in_all_scripts_are_accepted(name: str) -> None:
    assert person_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "   ", "\u200d", "a\nb", "a\tb", "a\0b", "\u202eevil", "a\u2066b", "a\u2028b", "\ud800"],
)
def test_a_name_without_visible_or_with_control_characters_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        person_name(name)
    assert refused.value.field == "name"


def test_a_name_of_a_hundred_characters_is_taken_and_one_more_is_not() -> None:
    assert person_name("x" * 100) == "x" * 100
    with pytest.raises(InvalidInput):
        person_name("x" * 101)


@pytest.mark.parametrize("path", ["/", "/account", "/a?b=c&d=%2F#e", "/a//b", "/account/apps"])
def test_a_path_on_this_server_is_kept(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "account",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/\n/evil.example",
        " /account",
        "/ä",
        "/\ud800",
        "/" + "a" * 5000,
    ],
)
def test_a_path_elsewhere_becomes_the_account_page(path: str) -> None:
    assert local_path(path) == "/account"


@given(st.text())
def test_a_local_path_never_leaves_this_server(text: str) -> None:
    path = local_path(text)
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert path.isascii()
    assert path.isprintable()
