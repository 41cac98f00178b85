"""The operator's pages name the addresses that this server really has."""

import re
from pathlib import Path

import pytest

from quantimodo.protocol.social_login import CALLBACK, DATA_DELETION, DEAUTHORIZE, NOTIFICATIONS

PAGES = Path(__file__).parents[2] / "docs" / "operator"


def page(name: str) -> str:
    return (PAGES / f"providers-{name}.md").read_text()


@pytest.mark.parametrize("name", ["facebook", "github", "x"])
def test_the_callback_to_register_is_the_one_that_is_served(name: str) -> None:
    assert f"`ISSUER{CALLBACK.format(provider=name)}`" in page(name)


@pytest.mark.parametrize("name", ["google", "apple", "microsoft", "NAME"])
def test_the_page_of_all_others_names_theirs(name: str) -> None:
    assert f"ISSUER{CALLBACK.format(provider=name)}" in (PAGES / "providers.md").read_text()


def test_messages_about_accounts_are_sent_where_they_are_read() -> None:
    text = (PAGES / "providers.md").read_text()
    assert f"`ISSUER{NOTIFICATIONS.format(provider='apple')}`" in text
    assert f'f"{{issuer}}{NOTIFICATIONS.format(provider="google")}"' in text


def test_google_is_asked_for_the_events_that_are_understood() -> None:
    """By the names that Google's "Cross-Account Protection" lists: others it drops in silence."""
    program = (PAGES / "providers.md").read_text().partition("events_requested")[2]
    requested = program.partition("]")[0]
    offered = {
        "sessions-revoked",
        "tokens-revoked",
        "token-revoked",
        "account-disabled",
        "account-enabled",
        "account-credential-change-required",
        "verification",
    }
    names = set(re.findall(r"[a-z]+(?:-[a-z]+)+|verification", requested)) - {"event-type"}
    assert names <= offered
    assert {"sessions-revoked", "tokens-revoked", "account-disabled"} <= names


@pytest.mark.parametrize("address", [DEAUTHORIZE, DATA_DELETION])
def test_facebooks_messages_are_sent_where_they_are_read(address: str) -> None:
    assert f"`ISSUER{address.format(provider='facebook')}`" in page("facebook")
