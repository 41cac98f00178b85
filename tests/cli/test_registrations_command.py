"""`quantimodo registrations` and `quantimodo clients import` (RFC 7591)."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from support.terminal import Terminal

METADATA: dict[str, Any] = {
    "client_name": "Diary",
    "client_name#de": "Tagebuch",
    "redirect_uris": ["https://app.example.org/cb"],
    "token_endpoint_auth_method": "client_secret_jwt",
    "response_types": ["code", "code id_token"],
    "grant_types": ["authorization_code", "implicit"],
    "initiate_login_uri": "https://app.example.org/login",
    "scope": "email openid",
}


def test_a_token_is_shown_once_listed_and_deleted(terminal: Terminal) -> None:
    made = terminal.does("registrations", "create", "--label", "The lab", "--uses", "5", "--json")
    token = made.json["initial_access_token"]
    assert re.fullmatch(r"qmi_[A-Za-z0-9_-]{52}", token)
    (listed,) = terminal.does("registrations", "list", "--json").json
    assert (listed["label"], listed["uses_left"]) == ("The lab", 5)
    assert token not in str(listed)
    assert "The lab" in terminal.does("registrations", "list").out
    terminal.does("registrations", "delete", listed["id"])
    assert terminal.does("registrations", "list", "--json").json == []
    gone = terminal("registrations", "delete", listed["id"])
    assert (gone.code, "no such token" in gone.err) == (1, True)


def test_standard_output_has_the_token_and_standard_error_the_warning(terminal: Terminal) -> None:
    made = terminal.does("registrations", "create")
    assert "qmi_" in made.out
    assert "never shown again" in made.err


def test_a_token_created_while_registration_is_closed_has_a_warning(terminal: Terminal) -> None:
    assert "registration.mode is closed" in terminal.does("registrations", "create").err
    made = terminal.does("registrations", "create", "--json", registration__mode="token")
    assert made.err == ""


@pytest.mark.parametrize(
    "option",
    [
        ("--uses", "0"),
        ("--uses", "1000000"),
        ("--lifetime", "soon"),
        ("--lifetime", "99999999d"),
        ("--label", "\udcff"),
        ("--label", "a\nb"),
    ],
)
def test_options_out_of_range_are_refused(terminal: Terminal, option: tuple[str, str]) -> None:
    response = terminal("registrations", "create", *option)
    assert response.code in (1, 2)
    assert "Traceback" not in response.err
    assert terminal.does("registrations", "list", "--json").json == []


def test_an_app_is_imported_from_a_file(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "app.json"
    file.write_text(json.dumps(METADATA))
    made = terminal.does("clients", "import", str(file), "--strict", "--json").json
    assert made["client_secret"].startswith("qms_")
    for name in METADATA:
        assert made[name] == METADATA[name], name
    shown = terminal.does("clients", "show", made["client_id"], "--json").json
    assert (shown["name"], shown["strict"], shown["scope"]) == ("Diary", True, "email openid")
    printed = terminal.does("clients", "import", str(file))
    assert "qms_" in printed.out


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "", "\xff", json.dumps({**METADATA, "redirect_uris": ["http://app.example.org"]})],
)
def test_an_invalid_file_is_refused(terminal: Terminal, tmp_path: Path, text: str) -> None:
    file = tmp_path / "app.json"
    file.write_bytes(text.encode("latin-1"))
    response = terminal("clients", "import", str(file))
    assert response.code in (1, 2)
    assert "Traceback" not in response.err
    assert terminal.does("clients", "list", "--json").json == []
