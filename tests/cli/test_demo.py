"""`quantimodo demo`: the whole main flow against a running server, in the terminal."""

import re

import pytest

from quantimodo.cli.demo.html_forms import HtmlPage
from quantimodo.cli.demo.output import shortened
from support.terminal import Terminal


def test_the_demo_runs_the_main_use_case_and_shows_no_secret_whole(terminal: Terminal) -> None:
    server = terminal.serve()
    people = terminal.does("users", "list", "--json").json
    clients = terminal.does("clients", "list", "--json").json
    response = terminal.does("demo", issuer=server.url)
    for number in range(1, 11):
        assert f"\n{number}. " in response.out
    assert "/api/v1/user/me" in response.out
    assert '"active": true' in response.out
    assert '"active": false' in response.out
    assert response.out.endswith("are gone.\n")
    assert "qma_" in response.out
    assert not re.search(r"qm[a-z]_[A-Za-z0-9_-]{12}", response.out)
    assert not re.search(r"eyJ[A-Za-z0-9_-]{12}", response.out)
    assert "password = •••" in response.out
    # The throw-away person and app are gone.
    assert terminal.does("users", "list", "--json").json == people
    assert terminal.does("clients", "list", "--json").json == clients


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://[::1", "ftp://x", "\udcff", "x"])
def test_without_a_server_the_demo_says_how_to_start_one(terminal: Terminal, url: str) -> None:
    response = terminal("demo", "--url", url)
    assert (response.code, response.out) == (1, "")
    assert "quantimodo serve" in response.err


def test_the_demo_refuses_a_server_of_other_settings(terminal: Terminal) -> None:
    server = terminal.serve()
    response = terminal("demo", "--url", server.url)
    assert (response.code, response.out) == (1, "")
    assert "is not the one of these settings" in response.err


def test_the_demo_fails_on_a_server_with_another_database_and_cleans_up(
    terminal: Terminal,
) -> None:
    server = terminal.serve()
    terminal.does("database", "migrate", database="sqlite:///other.db")
    response = terminal("demo", issuer=server.url, database="sqlite:///other.db")
    assert response.code == 1
    assert "same database" in response.err
    listed = terminal.does("users", "list", "--json", database="sqlite:///other.db")
    assert listed.json == []


def test_forms_are_read_as_a_browser_reads_them() -> None:
    page = HtmlPage(
        """<title> Sign
        in </title><input name="outside" value="1">
        <form method="POST" action="/sign-in">
          <input type="hidden" name="csrf" value="a&amp;b"><INPUT name=username>
          <input type="password" name="password"><input type="checkbox" name="box" value="1">
          <button id="allow" name="decision" value="allow">x</button>
          <button type="button" name="never" value="1">x</button>
        </form><form></form>"""
    )
    form, empty = page.forms
    assert page.title == "Sign in"
    assert (form.method, form.action) == ("post", "/sign-in")
    assert form.values == {"csrf": "a&b", "username": "", "password": ""}
    assert form.kinds["password"] == "password"
    assert form.pressed("allow")["decision"] == "allow"
    assert (empty.method, empty.action, empty.values) == ("get", "", {})


def test_secrets_are_cut_to_their_beginning() -> None:
    token = "qma_" + "A" * 48
    signed = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
    assert shortened(f"x={token}&y={signed}") == "x=qma_AAAAA…&y=eyJhbGci…"
    assert shortened("plain words") == "plain words"
