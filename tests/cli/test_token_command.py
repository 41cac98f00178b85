"""`quantimodo token`: on development servers only, and never beyond what was registered."""

import pytest

from support.terminal import Terminal


def test_a_token_needs_a_development_server(terminal: Terminal) -> None:
    terminal.does("database", "migrate")
    response = terminal("token", issuer="https://id.example.org")
    assert (response.code, response.out) == (1, "")
    assert "only a development server" in response.err


@pytest.mark.parametrize(
    ("options", "because"),
    [
        (("--user", "unknown@example.org"), "no account"),
        (("--client", "nothing"), "no app"),
        (("--scope", "no-such-scope"), "scope"),
    ],
)
def test_an_unknown_person_client_or_scope_gives_no_token(
    terminal: Terminal, options: tuple[str, str], because: str
) -> None:
    terminal.does("database", "migrate")
    response = terminal("token", *options)
    assert (response.code, response.out) == (1, "")
    assert because in response.err


def test_the_scope_is_that_of_the_registration_at_most(terminal: Terminal) -> None:
    terminal.does("database", "migrate")
    fields = terminal.does(
        *("clients", "create", "--name", "Diary", "--redirect-uri", "https://app.example.org/cb"),
        *("--scope", "basic", "--json"),
    ).json
    response = terminal("token", "--client", str(fields["client_id"]), "--scope", "openid")
    assert (response.code, response.out) == (1, "")
    assert "registered only these scopes: basic" in response.err
    given = terminal.does("token", "--client", str(fields["client_id"]), "--json").json
    assert given["scope"] == "basic"
    assert given["token_type"] == "Bearer"


def test_a_disabled_account_gets_none(terminal: Terminal) -> None:
    terminal.does("database", "migrate")
    terminal.does("token")
    terminal.does("users", "disable", "ada@example.org")
    response = terminal("token")
    assert (response.code, response.out) == (1, "")
    assert "disabled" in response.err
