"""`quantimodo webhooks`: what the operator does with the webhooks of an application."""

from support.terminal import Terminal

HOOK = "https://app.example.org/hook"


def test_a_webhook_from_its_creation_to_its_end(terminal: Terminal) -> None:
    app = terminal.does(
        *("clients", "create", "--name", "Mood Tracker", "--json"),
        *("--redirect-uri", "https://app.example.org/callback"),
    ).json["client_id"]
    for url in ("http://app.example.org/", "nonsense"):
        refused = terminal("webhooks", "create", app, url)
        assert (refused.code, refused.out) == (1, "")
        assert "address" in refused.err
    assert terminal("webhooks", "create", app, HOOK, "--event", "unknown").code == 1
    made = terminal.does("webhooks", "create", app, HOOK, "--event", "grant.revoked", "--json").json
    assert made["secret"].startswith("whsec_")
    assert (made["events"], made["state"]) == (["grant.revoked"], "enabled")
    hook = made["id"]
    listed = terminal.does("webhooks", "list", app, "--json").json
    assert [each["id"] for each in listed] == [hook]
    assert made["secret"] not in str(listed)
    terminal.does("webhooks", "test", app, hook)
    (delivery,) = terminal.does("webhooks", "deliveries", app, hook, "--json").json
    assert (delivery["kind"], delivery["tries"]) == ("webhook.test", 0)
    assert "webhook.test" in terminal.does("webhooks", "deliveries", app, hook).out
    assert terminal.does("webhooks", "replay", app, hook, "--event", "1").out.strip() == "1"
    since = ("--since", "2026-01-01T00:00:00")
    assert terminal.does("webhooks", "replay", app, hook, *since).out.strip() == "0"
    assert terminal("webhooks", "replay", app, hook).code == 2
    assert terminal("webhooks", "replay", app, hook, "--event", "9").code == 1
    rotated = terminal.does("webhooks", "rotate", app, hook).out.strip()
    assert rotated.startswith("whsec_")
    assert rotated != made["secret"]
    terminal.does("webhooks", "disable", app, hook)
    assert "disabled (owner)" in terminal.does("webhooks", "list", app).out
    assert terminal("webhooks", "test", app, hook).code == 1
    terminal.does("webhooks", "enable", app, hook)
    terminal.does("webhooks", "list-of-events", app)
    terminal.does("webhooks", "list-of-events", app, "--off")
    terminal.does("webhooks", "delete", app, hook)
    assert terminal.does("webhooks", "list", app, "--json").json == []
    for command in ("test", "rotate", "enable", "delete"):
        gone = terminal("webhooks", command, app, hook)
        assert (gone.code, "no such webhook" in gone.err) == (1, True)
    assert terminal("webhooks", "list", "unknown").code == 1
