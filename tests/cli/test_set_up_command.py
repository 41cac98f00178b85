"""`quantimodo apply` and `export`, by the file that docs/operator/set-up-files.md shows."""

import json
from typing import Any

import pytest

from support.code_blocks import code_blocks
from support.terminal import CommandResult, Terminal

SECRET = "m4rked-" + "x" * 40
EXAMPLE = next(block for block in code_blocks("docs/operator/set-up-files.md")).text


@pytest.fixture
def prepared(terminal: Terminal) -> Terminal:
    """With the file of the page, and its secrets."""
    (terminal.folder / "clients.toml").write_text(EXAMPLE.replace("env:MOOD", "file:MOOD"))
    (terminal.folder / "MOOD_TRACKER_SECRET").write_text(f"{SECRET}\n")
    (terminal.folder / "tasks-api.secret").write_text("y" * 43)
    return terminal


def listed(terminal: Terminal) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    clients = terminal.does("clients", "list", "--json").json
    return clients, terminal.does("resources", "list", "--json").json


def test_a_file_is_shown_applied_and_the_second_time_changes_nothing(prepared: Terminal) -> None:
    shown = prepared.does("apply", "clients.toml", "--dry-run").out
    assert "add client mood-tracker" in shown
    assert "nothing was changed" in shown
    assert listed(prepared) == ([], [])
    assert "add resource https://tasks.example.org/" in prepared.does("apply", "clients.toml").out
    (mood, tasks), (resource,) = listed(prepared)
    assert (mood["client_id"], tasks["client_id"]) == ("mood-tracker", "tasks-api")
    assert mood["first_party"] is True
    assert resource["introspected_by"] == ["tasks-api"]
    assert prepared.does("apply", "clients.toml").out == "nothing to change\n"
    exported = prepared.does("export").out
    assert "m4rked" not in shown + exported
    (prepared.folder / "exported.toml").write_text(exported)
    assert prepared.does("apply", "exported.toml").out == "nothing to change\n"

    (prepared.folder / "exported.toml").write_text(exported.replace("Mood Tracker", "Moods"))
    changed = prepared.does("apply", "exported.toml").out
    assert changed == 'change client mood-tracker\n  client_name: "Mood Tracker" -> "Moods"\n'
    # Another secret, by an environment variable: the client has it, and the output does not.
    (prepared.folder / "clients.toml").write_text(EXAMPLE)
    again = prepared("apply", "clients.toml", outside={"MOOD_TRACKER_SECRET": SECRET + "2"})
    assert again.code == 0
    assert again.out.endswith("  client_secret: another one\n")
    assert "m4rked" not in again.out + again.err


BROKEN = (
    ("client_name = ", "client_nam = ", "client_nam: is no field"),
    ("https://app.example.org/callback", "http://app.example.org/callback", "redirect_uris"),
    ('"file:MOOD_TRACKER_SECRET"', '"m4rked-in-the-file"', "must be a reference"),
    ('"file:MOOD_TRACKER_SECRET"', '"file:none"', "the file cannot be read"),
    ('"file:MOOD_TRACKER_SECRET"', '"env:NO_SUCH_NAME"', "variable is not set"),
    ('client_secret = "file:tasks-api.secret"\n', "", "name the secret"),
    ('"file:tasks-api.secret"', '"file:short.secret"', "32 to 200"),
    ('client_id = "tasks-api"', 'client_id = "mood-tracker"', "is there twice"),
    ('introspected_by = ["tasks-api"]', 'introspected_by = ["none"]', "no app with one of these"),
    ('"https://tasks.example.org/"', '"http://tasks.example.org/"', "identifier"),
    ("token_lifetime = 300", "token_lifetime = 1", "token_lifetime"),
    ('name = "Tasks"', 'name = "Tasks"\nowner = "none@example.org"', "no account has this"),
    ("[[resources]]", "[[providers]]", "providers must be tables: [providers.NAME]"),
    ("[[resources]]", "[tokens]", "tokens is not a table of this file"),
    ("[[resources]]", "[[m4rked]]", "is not a table of this file"),
    ('email = "ann@example.org"', 'email = "m4rked"', "administrators, number 1: email: is no"),
    ('email = "ann@example.org"', 'mail = "m4rked"', "administrators, number 1: mail: is no field"),
    ("[[clients]]", '[[administrators]]\nemail = "ANN@example.org"\n[[clients]]', "is there twice"),
    ("[[clients]]", "[clients", "not TOML"),
)


def test_a_broken_file_changes_nothing(prepared: Terminal) -> None:
    good = (prepared.folder / "clients.toml").read_text()
    (prepared.folder / "short.secret").write_text("short")
    for old, new, text in BROKEN:
        assert old in good
        (prepared.folder / "broken.toml").write_text(good.replace(old, new, 1))
        refused = prepared("apply", "broken.toml")
        assert (refused.code, refused.out) == (1, ""), new
        assert text in refused.err, new
        assert "m4rked" not in refused.err.replace("m4rked is not a table", "")
    assert listed(prepared) == ([], [])
    assert prepared.does("users", "list", "--json").json == []


def entries(lines: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.splitlines()]


def administrators(terminal: Terminal) -> dict[str, bool]:
    people = terminal.does("users", "list", "--json").json
    return {each["email"]: each["administrator"] for each in people}


def test_administrators_get_and_lose_the_role_by_a_file(terminal: Terminal) -> None:
    file = terminal.folder / "people.toml"

    def apply(text: str, *more: str) -> CommandResult:
        file.write_text(text)
        return terminal("apply", "people.toml", *more)

    entry = '[[administrators]]\nemail = "{}@example.org"\n'
    ann = entry.format("ann") + 'name = "Ann Example"\n'
    app = '[[clients]]\nclient_id = "app"\nclient_name = "App"\nowner = "Ann@example.org"\n'
    app += 'redirect_uris = ["https://app.example.org/callback"]\n'
    app += 'token_endpoint_auth_method = "none"\n'
    assert "add administrator ann@example.org" in apply(ann + app, "--dry-run").out
    # A fresh server: the account is made, without a password, and owns what the file says.
    assert apply(ann + app).code == 0
    (made,) = terminal.does("users", "list", "--json").json
    assert (made["name"], made["administrator"], made["verified"]) == ("Ann Example", True, False)
    assert 'owner = "ann@example.org"' in terminal.does("export").out
    assert apply(ann + app).out == "nothing to change\n"

    def add(name: str, *more: str) -> None:
        terminal.does("users", "create", "--email", f"{name}@example.org", "--name", name, *more)

    add("bob", "--verified")
    add("eve")
    bob, eve = entry.format("bob"), entry.format("eve")
    refused = apply(bob + eve)
    assert (refused.code, refused.out) == (1, "")
    assert "administrators, number 2: this account has not confirmed its address" in refused.err
    removed = ann + "removed = true\n"
    refused = apply(removed)
    assert "no one who can sign in would be left" in refused.err
    refused = apply(removed + entry.format("new"))
    assert "no one who can sign in would be left" in refused.err, "a new account cannot sign in"
    terminal.does("users", "disable", "eve@example.org")
    assert "this account is disabled or closed" in apply(eve).err
    assert administrators(terminal)["bob@example.org"] is False

    done = apply(bob + removed, "--reason", "on call")
    assert done.out == (
        "change administrator bob@example.org\n  administrator: false -> true\n"
        "change administrator ann@example.org\n  administrator: true -> false\n"
    )
    assert administrators(terminal) == {
        "ann@example.org": False,
        "bob@example.org": True,
        "eve@example.org": False,
    }
    assert apply(bob + removed).out == "nothing to change\n"
    exported = terminal.does("export").out
    assert exported.startswith('[[administrators]]\nemail = "bob@example.org"\nname = "bob"\n')
    assert apply(exported).out == "nothing to change\n"
    actions = entries(terminal.does("logs", "--actions").out)
    assert [(each["kind"], each["reason"]) for each in actions if each["reason"]] == [
        ("person.demote", "on call"),
        ("person.promote", "on call"),
    ]
    made = [each["kind"] for each in actions if each["detail"] == "a new account"]
    assert made == ["person.promote"]
    kinds = [each["kind"] for each in entries(terminal.does("logs").out)]
    assert kinds.count("administrator.added") == 2
    assert kinds.count("administrator.removed") == 1
