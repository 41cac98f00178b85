"""`quantimodo logs`, and the reasons that other commands take."""

import json

from support.terminal import Terminal

WHY = "asks people for passwords"


def test_the_logs_tell_what_commands_did_and_why(terminal: Terminal) -> None:
    terminal.does("users", "create", "--email", "ada@example.org", "--name", "Ada", "--verified")
    made = terminal.does(
        "clients",
        "create",
        "--name",
        "Mood",
        "--redirect-uri",
        "https://app.example.org/callback",
        "--owner",
        "ada@example.org",
        "--json",
    ).json
    app = made["client_id"]
    for verb in ("disable", "enable"):
        terminal.does("clients", verb, app, "--reason", WHY)
    terminal.does("clients", "delete", app, "--yes", "--reason", WHY)
    terminal.does("keys", "rotate", "--reason", "planned")
    actions = _lines(terminal.does("logs", "--actions").out)
    assert [(each["kind"], each["client_id"], each["reason"]) for each in actions] == [
        ("keys.rotate", None, "planned"),
        ("client.delete", app, WHY),
        ("client.enable", app, WHY),
        ("client.disable", app, WHY),
    ]
    disabled = _lines(terminal.does("logs", "--kind", "client.disabled", "--app", app).out)
    assert [each["detail"] for each in disabled] == ["app Mood: disabled"]
    of_ada = _lines(terminal.does("logs", "--person", "ada@example.org").out)
    assert {"account.created", "client.disabled"} <= {each["kind"] for each in of_ada}
    assert _lines(terminal.does("logs", "--until", "2001-01-01").out) == []
    assert terminal("logs", "--person", "bob@example.org").code == 1
    assert terminal("clients", "delete", app, "--yes", "--reason", "x").code == 1


def _lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]
