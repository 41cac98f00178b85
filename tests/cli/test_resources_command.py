"""`quantimodo resources` (RFC 8707)."""

from support.terminal import Terminal

TASKS = "https://tasks.example.org/"


def test_an_api_is_added_changed_listed_and_removed(terminal: Terminal) -> None:
    server = terminal.does(
        "clients",
        "create",
        "--name",
        "Tasks server",
        "--redirect-uri",
        "https://a.example.org/",
        "--json",
    ).json
    added = terminal.does(
        *("resources", "add", TASKS, "--name", "Task Board", "--token-lifetime", "10m"),
        *("--scope", "tasks:read = Read your tasks: What you have to do."),
        *("--scope", "tasks:write = Change your tasks"),
        *("--introspected-by", server["client_id"], "--json"),
    ).json
    assert added["scopes"][0] == "tasks:read = Read your tasks: What you have to do."
    assert (added["reviewed"], added["token_format"], added["token_lifetime"]) == (
        True,
        "jwt",
        "600s",
    )
    changed = terminal.does(
        *("resources", "change", TASKS, "--name", "Tasks", "--not-reviewed"),
        *("--introspected-by", "", "--documentation", f"{TASKS}docs", "--token-lifetime", ""),
        "--json",
    ).json
    assert (changed["name"], changed["reviewed"], changed["introspected_by"]) == (
        "Tasks",
        False,
        [],
    )
    assert (changed["scopes"], changed["token_lifetime"]) == (added["scopes"], None)
    assert terminal.does("resources", "show", TASKS, "--metadata").json == {
        "resource": TASKS,
        "authorization_servers": ["http://127.0.0.1:8000"],
        "scopes_supported": ["tasks:read", "tasks:write"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Tasks",
        "resource_documentation": f"{TASKS}docs",
    }
    assert "Tasks" in terminal.does("resources", "list").out
    terminal.does("resources", "remove", TASKS)
    assert terminal.does("resources", "list", "--json").json == []
    assert terminal("resources", "show", TASKS).code == 1
