"""OWASP ASVS §6.2: which passwords are taken."""

import pytest

from quantimodo.accounts.common_passwords import COMMON
from quantimodo.accounts.errors import InvalidInput
from quantimodo.accounts.passwords import check_password
from quantimodo.model.secrets import Secret


def taken(password: str) -> bool:
    try:
        check_password(Secret(password), email="ann@example.org", name="Ann Example")
    except InvalidInput:
        return False
    return True


def test_a_refusal_names_the_field_and_echoes_nothing() -> None:
    with pytest.raises(InvalidInput) as refused:
        check_password(Secret("ann example"), email="ann@example.org", name="Ann Example")
    assert refused.value.field == "password"
    assert "ann example" not in refused.value.message.casefold()


@pytest.mark.parametrize("password", ["xk9 qq7z", "пароль-мой", "🦄🦄🦄🦄🦄🦄🦄🦄", "x" * 256])
def test_eight_characters_of_any_kind_are_enough(password: str) -> None:
    assert taken(password)


@pytest.mark.parametrize("password", ["", "short", "1234567", "x" * 257, "ﷺ" * 100])
def test_too_short_and_too_long_ones_are_refused(password: str) -> None:
    assert not taken(password)


@pytest.mark.parametrize("password", ["password1", "PassWord1", "ｐａｓｓｗｏｒｄ１", "quantimodo"])
def test_the_first_guesses_are_refused_in_every_spelling(password: str) -> None:
    assert not taken(password)


@pytest.mark.parametrize(
    "password", ["ann@example.org", "ANN@EXAMPLE.ORG", "ann example", "AnnExample"]
)
def test_ones_own_name_and_address_are_refused(password: str) -> None:
    assert not taken(password)


def test_the_list_of_first_guesses_holds_only_what_it_decides() -> None:
    assert len(COMMON) >= 200
    assert all(len(word) >= 8 and word == word.casefold() for word in COMMON)
