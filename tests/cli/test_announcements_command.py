"""`quantimodo announcements`."""

import json

from support.terminal import Terminal

_ADD = ("announcements", "add", "--text", "en=Maintenance at six")


def test_an_announcement_is_added_listed_and_removed(terminal: Terminal) -> None:
    more = ("--text", "de=Wartung um sechs", "--level", "warning", "--reason", "planned work")
    number = terminal.does(*_ADD, *more).out.strip()
    (listed,) = terminal.does("announcements", "list", "--json").json
    assert (str(listed["id"]), listed["level"], listed["audience"]) == (
        number,
        "warning",
        "everyone",
    )
    assert listed["texts"] == {"en": "Maintenance at six", "de": "Wartung um sechs"}
    terminal.does("announcements", "remove", number)
    assert terminal.does("announcements", "list", "--json").json == []
    gone = terminal("announcements", "remove", number)
    assert (gone.code, "is removed already" in gone.err) == (1, True)
    actions = [json.loads(line) for line in terminal.does("logs", "--actions").out.splitlines()]
    assert ("announcement.add", "planned work") in {(a["kind"], a["reason"]) for a in actions}
    for wrong in (("--level", "alarm"), ("--link", "http://example.org/"), ("--text", "xx=Hello")):
        refused = terminal(*_ADD, *wrong)
        assert (refused.code, refused.out) == (1, ""), wrong
    assert terminal("announcements", "add", "--text", "no language").code == 2
    assert terminal.does("announcements", "list", "--json").json == []
