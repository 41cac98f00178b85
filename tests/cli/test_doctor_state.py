"""`quantimodo doctor`: what keeps the server running, and the exit codes."""

from contextlib import closing
from typing import Any

import apsw

from support.terminal import Terminal


def finding(found: list[dict[str, Any]], what: str) -> dict[str, Any]:
    (matching,) = [each for each in found if each["what"] == what]
    return matching


def change(terminal: Terminal, statement: str) -> None:
    with closing(apsw.Connection(str(terminal.folder / "var" / "quantimodo.db"))) as database:
        database.execute(statement)


def test_doctor_reads_the_state_of_the_server(terminal: Terminal) -> None:
    mail = {"smtp__url": "smtp://127.0.0.1:9"}
    found = terminal.does("doctor", "--json").json
    assert finding(found, "backup")["state"] == "warning"
    assert "quantimodo backup FILE" in finding(found, "backup")["text"]
    terminal.does("backup", "made.backup")
    change(
        terminal,
        "INSERT INTO provider_outcomes (provider, failed_at, failures) VALUES ('gone', 1, 99)",
    )
    found = terminal.does("doctor", "--json").json
    assert finding(found, "backup")["text"] == "the last backup was made less than a minute ago"
    assert {each["what"] for each in found} >= {"keys", "backup", "disk", "webhooks", "refusals"}
    assert "mail queue" not in [each["what"] for each in found]
    assert "gone" not in str(found)
    # An e-mail that waits since 1970, a key that should have been replaced.
    change(
        terminal,
        "INSERT INTO mails (sealed, created_at, due_at, attempts, expires_at, of_account)"
        " VALUES (x'00', 1, 1, 0, 9000000000000000, 0)",
    )
    change(terminal, "UPDATE signing_keys SET active_at = 1 WHERE algorithm = 'ES256'")
    done = terminal("doctor", "--json", **mail)
    assert done.code == 1
    assert finding(done.json, "mail queue")["state"] == "fault"
    assert "1 e-mail waits, the oldest one for" in finding(done.json, "mail queue")["text"]
    (overdue,) = [each for each in done.json if "overdue" in each["text"]]
    assert (overdue["what"], overdue["state"]) == ("keys", "fault")
    assert "ES256" in overdue["text"]
    # The clock was ahead when a key was made: the server signs by it, and the operator learns it.
    change(
        terminal,
        "UPDATE signing_keys SET created_at = 9000000000000000, active_at = 9000000000000000"
        " WHERE algorithm = 'RS256'",
    )
    ahead = terminal("doctor", "--json")
    assert finding(ahead.json, "clock")["state"] == "fault"
    assert "made later than now" in finding(ahead.json, "clock")["text"]
    # The thresholds are settings.
    lax = terminal("doctor", "--json", alerts__backup_age="400d", alerts__disk_free="1")
    assert finding(lax.json, "disk")["state"] == "ok"
