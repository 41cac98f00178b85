"""`quantimodo users`."""

import json
import subprocess
from contextlib import closing

import apsw
import pytest

from support.terminal import PATIENCE, QUANTIMODO, CommandResult, Terminal

PASSWORD = "fake-words-that-no-account-uses"


def create(terminal: Terminal, *more: str, email: str = "ada@example.org") -> CommandResult:
    return terminal(
        *("users", "create", "--email", email, "--name", "Ada Example", *more),
        stdin=PASSWORD + "\n",
    )


def test_an_account_is_created_with_the_password_from_standard_input(terminal: Terminal) -> None:
    options = ("--password-stdin", "--admin", "--verified", "--json", "--reason", "first start")
    response = create(terminal, *options)
    assert response.code == 0, response.err
    assert response.json["email"] == "ada@example.org"
    assert response.json["name"] == "Ada Example"
    assert (response.json["administrator"], response.json["verified"]) == (True, True)
    assert PASSWORD not in response.out + response.err
    (action,) = [json.loads(line) for line in terminal.does("logs", "--actions").out.splitlines()]
    assert (action["kind"], action["reason"]) == ("person.promote", "first start")
    assert action["user_id"] == response.json["id"]
    kinds = [json.loads(line)["kind"] for line in terminal.does("logs").out.splitlines()]
    assert sorted(kinds) == ["account.created", "administrator.added"]


def test_invitations_are_listed_sent_again_and_withdrawn(terminal: Terminal) -> None:
    invite = ("users", "invite", "--name", "Bob Example", "--reason", "new here", "--email")
    terminal.does(*invite, "bob@example.org")
    terminal.does(*invite, "eve@example.org")
    of_bob = ("users", "invitations", "resend", "--email", "BOB@example.org")
    terminal.does(*of_bob, "--reason", "lost the mail")
    listed = terminal.does("users", "invitations", "list", "--json").json
    assert [(each["email"], each["state"]) for each in listed] == [
        ("eve@example.org", "open"),
        ("bob@example.org", "open"),
    ]
    assert listed[1]["sent_at"] > listed[0]["sent_at"]
    terminal.does("users", "invitations", "withdraw", "--email", "bob@example.org")
    terminal.does("users", "invitations", "withdraw", "--email", "eve@example.org")
    assert "@" not in terminal.does("users", "invitations", "list").out
    gone = terminal(*of_bob)
    assert (gone.code, gone.out) == (1, "")
    assert "this invitation is used or withdrawn" in gone.err
    create(terminal)
    taken = terminal(*invite, "ada@example.org")
    assert (taken.code, "has an account already" in taken.err) == (1, True)
    actions = [json.loads(line) for line in terminal.does("logs", "--actions").out.splitlines()]
    assert {each["kind"] for each in actions} >= {"person.reinvite", "person.uninvite"}
    assert "lost the mail" in {each["reason"] for each in actions}


def test_an_account_is_neither_administrator_nor_verified_by_default(terminal: Terminal) -> None:
    response = create(terminal, "--json")
    assert (response.json["administrator"], response.json["verified"]) == (False, False)


def test_an_address_has_one_account_in_any_case(terminal: Terminal) -> None:
    create(terminal)
    response = create(terminal, email="ADA@example.org")
    assert (response.code, response.out) == (1, "")
    assert response.err == "error: an account with this e-mail address exists already\n"


def test_an_invalid_address_or_password_is_one_line(terminal: Terminal) -> None:
    assert create(terminal, email="marked").err.startswith("error: email: ")
    short = terminal(
        *("users", "create", "--email", "bob@example.org", "--name", "Bob", "--password-stdin"),
        stdin="short\n",
    )
    assert short.code == 1
    assert short.err.startswith("error: password: ")
    assert terminal.does("users", "list", "--json").json == []


def test_a_password_that_no_browser_could_send_is_refused(terminal: Terminal) -> None:
    options = ("--email", "ada@example.org", "--name", "Ada", "--password-stdin")
    done = subprocess.run(
        [*QUANTIMODO, "users", "create", *options],
        input=b"fake-words-\xff-that-no-account-uses\n",
        cwd=terminal.folder,
        env={**terminal.environment({}), "PYTHONUTF8": "1"},
        capture_output=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"error: the password on standard input is not UTF-8 text\n"
    assert terminal.does("users", "list", "--json").json == []


def test_disable_enable_and_delete_by_address_or_number(terminal: Terminal) -> None:
    create(terminal)
    number = str(terminal.does("users", "list", "--json").json[0]["id"])
    assert terminal.does("users", "disable", "ADA@example.org", "--json").json["disabled"] is True
    assert "disabled" in terminal.does("users", "list").out
    assert terminal.does("users", "enable", number, "--json").json["disabled"] is False
    terminal.does("users", "delete", number)
    assert terminal.does("users", "list", "--json").json == []


@pytest.mark.parametrize(
    ("verb", "user"),
    [
        ("show", "unknown@example.org"),
        ("disable", "7"),
        ("enable", "9" * 23),
        ("delete", "\u0661"),
    ],
)
def test_an_unknown_account_cannot_be_changed(terminal: Terminal, verb: str, user: str) -> None:
    response = terminal("users", verb, user)
    assert (response.code, response.out) == (1, "")
    assert response.err == "error: there is no such account; see: quantimodo users list\n"


def test_a_second_factor_that_is_not_there_is_not_reset(terminal: Terminal) -> None:
    create(terminal)
    response = terminal("users", "reset-second-factor", "ada@example.org")
    assert (response.code, response.err) == (
        1,
        "error: this account has no second factor and no passkey\n",
    )
    unknown = terminal("users", "reset-second-factor", "bob@example.org")
    assert unknown.code == 1


def test_the_operator_resets_a_second_factor(terminal: Terminal) -> None:
    user_id = create(terminal, "--json").json["id"]
    with closing(apsw.Connection(str(terminal.folder / "var/quantimodo.db"))) as database:
        database.execute("INSERT INTO second_factors VALUES (?, 1)", (user_id,))
        database.execute("INSERT INTO totp_factors VALUES (?, x'00', 1, 1)", (user_id,))
        database.execute("INSERT INTO recovery_codes VALUES (?, x'00')", (user_id,))
        database.execute(
            "INSERT INTO passkeys VALUES (1, x'00', ?, 'x', x'00', 0, 'x', '', '', 0, 0, 1, NULL)",
            (user_id,),
        )
    shown = terminal("users", "show", "ada@example.org", "--json").json["second_factor"]
    assert shown == {
        "since": "1970-01-01T00:00:00.000001+00:00",
        "recovery_codes": 1,
        "app": True,
    }
    assert "1 recovery code left" in terminal("users", "show", "ada@example.org").out
    warned = terminal("doctor", "--json").json
    assert "1 authenticator app needs a secret key" in str(warned)
    assert terminal("users", "reset-second-factor", "ada@example.org").code == 0
    assert terminal("users", "show", "ada@example.org", "--json").json["second_factor"] is None
    with closing(apsw.Connection(str(terminal.folder / "var/quantimodo.db"))) as database:
        assert database.execute("SELECT * FROM second_factors").fetchall() == []
        assert database.execute("SELECT * FROM totp_factors").fetchall() == []
        assert database.execute("SELECT * FROM recovery_codes").fetchall() == []
        assert database.execute("SELECT * FROM passkeys").fetchall() == []
        kinds = [kind for (kind,) in database.execute("SELECT kind FROM events")]
    assert {"second_factor.reset", "passkeys.reset"} <= set(kinds)


def test_roles_and_sessions_are_managed_and_each_action_is_recorded(terminal: Terminal) -> None:
    create(terminal, "--verified")
    ada, why = "ada@example.org", ("--reason", "on call from December")
    assert terminal.does("users", "promote", ada, *why, "--json").json["administrator"] is True
    last = terminal("users", "demote", ada)
    assert last.code == 1
    assert "this is the last administrator who can sign in" in last.err
    for verb in ("sign-out", "send-reset"):
        terminal.does("users", verb, ada, *why)
    for verb in ("send-confirmation", "reopen"):
        assert "does not apply to the account" in terminal("users", verb, ada).err
    refused = terminal("users", "disable", ada, "--reason", "x")
    assert (refused.code, refused.out) == (1, "")
    assert "reason: " in refused.err
    assert terminal.does("users", "disable", ada, *why, "--json").json["disabled"] is True
    with closing(apsw.Connection(str(terminal.folder / "var/quantimodo.db"))) as database:
        rows = database.execute("SELECT kind, actor_id, reason FROM admin_actions").fetchall()
    reason = "on call from December"
    assert rows == [
        ("person.promote", None, reason),
        ("person.demote", None, ""),
        ("person.sign-out", None, reason),
        ("person.send-reset", None, reason),
        ("person.disable", None, reason),
    ]


def test_sessions_of_a_person_are_listed(terminal: Terminal) -> None:
    create(terminal)
    assert terminal.does("users", "sessions", "ada@example.org", "--json").json == []
    gone = terminal("users", "sessions", "ada@example.org", "--end", "0123456789abcdef")
    assert (gone.code, "has ended already" in gone.err) == (1, True)
    assert terminal("users", "sessions", "eve@example.org").code == 1
