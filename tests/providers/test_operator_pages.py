"""The operator's pages name the addresses that this server really answers at."""

from pathlib import Path

import pytest

from quantimodo.protocol.social import CALLBACK, DATA_DELETION, DEAUTHORIZE

PAGES = Path(__file__).parents[2] / "docs" / "operator"


def page(name: str) -> str:
    return (PAGES / f"providers-{name}.md").read_text()


@pytest.mark.parametrize("name", ["facebook", "github", "x"])
def test_the_callback_to_register_is_the_one_that_is_served(name: str) -> None:
    assert f"`ISSUER{CALLBACK.format(provider=name)}`" in page(name)


@pytest.mark.parametrize("address", [DEAUTHORIZE, DATA_DELETION])
def test_facebooks_messages_are_sent_where_they_are_read(address: str) -> None:
    assert f"`ISSUER{address.format(provider='facebook')}`" in page("facebook")
