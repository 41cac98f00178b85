"""`quantimodo keys`, `database`, `doctor` and `settings`."""

import re
import stat
import subprocess
import sysconfig
from contextlib import closing
from pathlib import Path

import apsw
import pytest
import typer.main

from quantimodo import __version__
from quantimodo.cli.main import command_line
from quantimodo.model.keys import ALGORITHMS
from support.terminal import Terminal

KEY = "A" * 43


def test_the_installed_command_prints_its_version() -> None:
    command = Path(sysconfig.get_path("scripts")) / "quantimodo"
    done = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, f"quantimodo {__version__}\n")


def test_a_new_sqlite_file_is_readable_by_its_owner_only(empty_terminal: Terminal) -> None:
    terminal = empty_terminal
    assert "applied 0001 initial_schema" in terminal.does("database", "migrate").out
    for file in ("quantimodo.db", "secret.key"):
        assert stat.S_IMODE((terminal.folder / "var" / file).stat().st_mode) == 0o600
    assert terminal.does("database", "status", "--json").json == {
        "engine": "SQLite",
        "current": True,
        "pending": [],
    }


_DATABASE_COMMANDS = (
    ("clients", "list"),
    ("clients", "create", "--name", "Job", "--grant-type", "client_credentials"),
    ("clients", "import", "app.json"),
    ("users", "list"),
    ("users", "create", "--email", "ada@example.org", "--name", "Ada"),
    ("keys", "list"),
    ("keys", "rotate", "--now"),
    ("registrations", "list"),
    ("database", "check"),
    ("demo",),
    ("serve", "--port", "0", "--no-migrate"),
)


@pytest.mark.parametrize("arguments", _DATABASE_COMMANDS, ids=" ".join)
def test_only_serve_and_database_migrate_create_a_database(
    empty_terminal: Terminal, arguments: tuple[str, ...]
) -> None:
    (empty_terminal.folder / "app.json").write_text("{}")
    response = empty_terminal(*arguments)
    assert (response.code, response.out) == (1, "")
    assert response.err == (
        f"error: there is no database at {empty_terminal.folder}/var/quantimodo.db. Run the command"
        " in the server's folder, or with the server's QUANTIMODO_CONFIG or QUANTIMODO_DATABASE; to"
        " create a new database: quantimodo database migrate\n"
    )
    assert [path.name for path in empty_terminal.folder.iterdir()] == ["app.json"]


def test_the_state_of_a_missing_database_is_reported_without_creating_it(
    empty_terminal: Terminal,
) -> None:
    response = empty_terminal("database", "status", "--json")
    assert (response.code, response.json["current"]) == (1, False)
    empty_terminal.does("doctor")
    assert list(empty_terminal.folder.iterdir()) == []


def test_no_command_creates_a_secret_key_for_an_existing_database(terminal: Terminal) -> None:
    key = terminal.folder / "var" / "secret.key"
    key.unlink()
    for arguments in (
        *(("users", "list"), ("keys", "rotate", "--now")),
        *(("serve",), ("serve", "--no-migrate")),
    ):
        response = terminal(*arguments)
        assert (response.code, response.out) == (1, "")
        assert f"there is no secret key: {key} does not exist" in response.err
    response = terminal("doctor", "--json")
    assert response.code == 1
    (found,) = [finding for finding in response.json if finding["what"] == "secret key"]
    assert (found["state"], str(key) in found["text"]) == ("fault", True)
    assert not key.exists()


def test_a_file_without_a_schema_is_a_new_database(empty_terminal: Terminal) -> None:
    """One that a volume or a tool made, and that a command has opened before the first start."""
    folder = empty_terminal.folder / "var"
    folder.mkdir()
    (folder / "quantimodo.db").touch()
    empty_terminal.does("settings", "show")
    assert empty_terminal("database", "status").code == 1
    assert "applied 0001 initial_schema" in empty_terminal.does("database", "migrate").out
    assert (folder / "secret.key").exists()
    empty_terminal.does("users", "list")


def test_a_database_that_cannot_be_opened_is_one_line_that_says_why(terminal: Terminal) -> None:
    (terminal.folder / "text.db").write_text("Dear diary, " * 100)
    (terminal.folder / "folder.db").mkdir()
    for database, expected in (
        ("sqlite:///text.db", "is not a database of SQLite"),
        ("sqlite:///folder.db", "this user must be able to read and write it and its folder"),
        ("postgresql://quantimodo@127.0.0.1:port/quantimodo", "is QUANTIMODO_DATABASE right?"),
    ):
        for command in (("users", "list"), ("check",), ("database", "status")):
            response = terminal(*command, database=database, secret_key=KEY)
            assert (response.code, response.out) == (1, "")
            assert response.err.startswith("error: ")
            assert expected in response.err
            assert len(response.err.splitlines()) == 1
        found = terminal("doctor", "--json", database=database, secret_key=KEY).json
        faults = [finding for finding in found if finding["what"] == "database"]
        assert [finding["state"] for finding in faults] == ["fault"]


def test_an_old_schema_is_refused_until_it_is_migrated(empty_terminal: Terminal) -> None:
    terminal = empty_terminal
    (terminal.folder / "var").mkdir()
    (terminal.folder / "var" / "quantimodo.db").touch()
    (terminal.folder / "var" / "secret.key").write_text(KEY)
    refused = terminal("clients", "list")
    assert (refused.code, refused.out) == (1, "")
    assert "quantimodo database migrate" in refused.err
    assert terminal("database", "status").code == 1
    assert "applied 0001 initial_schema" in terminal.does("database", "migrate").out
    assert terminal.does("database", "migrate").out == "nothing to do\n"
    terminal.does("clients", "list")


def test_keys_are_listed_without_private_keys(terminal: Terminal) -> None:
    listed = terminal.does("keys", "list", "--json")
    assert {(key["algorithm"], key["state"]) for key in listed.json} == {
        *((name, "current") for name in ALGORITHMS),
    }
    assert "private" not in listed.out


def test_new_keys_are_published_before_they_sign_by_default(terminal: Terminal) -> None:
    states = [key["state"] for key in terminal.does("keys", "rotate", "--all", "--json").json]
    assert sorted(states) == ["current"] * len(ALGORITHMS) + ["next"] * len(ALGORITHMS)
    terminal.does("keys", "rotate", "--now")
    found = terminal.does("keys", "list", "--json").json
    assert len(found) == 3 * len(ALGORITHMS)
    assert all(key["retires_at"] for key in found if key["state"] != "current")


def test_new_keys_have_widely_supported_algorithms_unless_all_are_requested(
    terminal: Terminal,
) -> None:
    # RFC 7518 §6 defines RSA and EC keys; fewer libraries support the keys of RFC 8037.
    found = terminal.does("keys", "rotate", "--json").json
    made = {key["algorithm"] for key in found if key["state"] == "next"}
    assert made == {"ES256", "RS256", "PS256"}
    found = terminal.does("keys", "rotate", "--all", "--json").json
    assert "EdDSA" in {key["algorithm"] for key in found if key["state"] == "next"}


def test_a_rotation_that_made_nothing_says_so(terminal: Terminal) -> None:
    terminal.does("keys", "list")
    with closing(apsw.Connection(str(terminal.folder / "var" / "quantimodo.db"))) as database:
        # The same effect as another rotation that is always faster.
        database.execute(
            "CREATE TRIGGER ignore_keys BEFORE INSERT ON signing_keys"
            " BEGIN SELECT RAISE(IGNORE); END"
        )
    response = terminal("keys", "rotate", "--now")
    assert (response.code, response.out) == (1, "")
    assert response.err.startswith("error: no key was made")


def test_no_key_is_made_under_a_wrong_secret_key(terminal: Terminal) -> None:
    before = terminal.does("keys", "list", "--json").json
    response = terminal("keys", "rotate", secret_key=KEY)
    assert (response.code, response.out) == (1, "")
    assert "not the one that this database was made with" in response.err
    assert terminal.does("keys", "list", "--json").json == before


def published(terminal: Terminal, state: str) -> list[str]:
    found = terminal.does("keys", "list", "--json").json
    return [key["kid"] for key in found if key["state"] == state]


def test_a_leaked_key_is_deleted_when_another_signs(terminal: Terminal) -> None:
    leaked = published(terminal, "current")
    terminal.does("keys", "rotate", "--now")
    for kid in leaked:
        response = terminal.does("keys", "delete", kid, "--yes")
        assert "JWT access tokens" in response.out
        assert "within a minute" in response.out
    assert not set(leaked) & {key["kid"] for key in terminal.does("keys", "list", "--json").json}
    assert len(published(terminal, "current")) == len(ALGORITHMS)


def test_the_key_that_signs_is_not_deleted(terminal: Terminal) -> None:
    signing = published(terminal, "current")
    terminal.does("keys", "rotate", "--all")  # published, and not signing yet
    for kid in signing:
        response = terminal("keys", "delete", kid, "--yes")
        assert response.code == 1
        assert "keys rotate --now" in response.err
    for kid in published(terminal, "next"):
        assert terminal("keys", "delete", kid, "--yes").code == 1
    assert published(terminal, "current") == signing


def test_a_next_key_is_deleted_if_it_is_not_the_last_of_its_algorithm(terminal: Terminal) -> None:
    terminal.does("keys", "rotate", "--all")
    waiting = published(terminal, "next")
    terminal.does("keys", "rotate", "--now")
    for kid in waiting:
        terminal.does("keys", "delete", kid, "--yes")
    assert published(terminal, "next") == []
    assert len(published(terminal, "current")) == len(ALGORITHMS)


def test_a_key_is_deleted_only_with_yes(terminal: Terminal) -> None:
    first, *_ = published(terminal, "current")
    terminal.does("keys", "rotate", "--now")
    refused = terminal("keys", "delete", first)
    assert refused.code == 1
    assert "--yes" in refused.err
    assert first in published(terminal, "published")
    unknown = terminal("keys", "delete", "-no-such-key", "--yes")
    assert (unknown.code, unknown.err) == (
        1,
        "error: there is no such key: see `quantimodo keys list`\n",
    )


def test_the_check_of_a_healthy_database_reports_no_damage(terminal: Terminal) -> None:
    assert terminal.does("database", "check").out == "no damage found\n"


def test_a_file_that_is_not_a_database_is_reported(terminal: Terminal) -> None:
    (terminal.folder / "var" / "quantimodo.db").write_bytes(b"no database at all " * 400)
    for arguments in (("clients", "list"), ("database", "check"), ("doctor",), ("serve",)):
        response = terminal(*arguments)
        assert response.code == 1
        assert "database" in response.err + response.out


def test_an_unreachable_database_is_reported_in_one_line(terminal: Terminal) -> None:
    url = "postgresql://marked-user:marked-word@127.0.0.1:1/none"
    for arguments in (
        ("clients", "list"),
        ("database", "status"),
        ("database", "migrate"),
        ("database", "check"),
        ("serve", "--port", "0"),
    ):
        response = terminal(*arguments, database=url, secret_key=KEY)
        assert (response.code, response.out) == (1, "")
        assert response.err.count("\n") == 1
        assert "marked" not in response.err


def test_with_postgresql_no_secret_key_is_generated(empty_terminal: Terminal) -> None:
    terminal = empty_terminal
    response = terminal("clients", "list", database="postgresql://127.0.0.1:1/none")
    assert response.code == 1
    assert "QUANTIMODO_SECRET_KEY" in response.err
    assert not (terminal.folder / "var").exists()


def test_a_wrong_secret_key_is_reported(terminal: Terminal) -> None:
    terminal.does("keys", "list")
    response = terminal("doctor", secret_key=KEY)
    assert response.code == 1
    assert "not the one that this database was made with" in response.out


def test_the_doctor_finds_nothing_wrong_with_a_new_server(terminal: Terminal) -> None:
    findings = terminal.does("doctor", "--json").json
    assert {finding["what"] for finding in findings if finding["state"] == "ok"} >= {
        "settings",
        "secret key",
        "database",
        "keys",
        "mail",
    }
    assert not [finding for finding in findings if finding["state"] == "fault"]


# The exit codes of `quantimodo doctor --help`.


def test_the_doctor_exits_with_0_when_there_are_warnings_only(empty_terminal: Terminal) -> None:
    response = empty_terminal("doctor", "--json")
    assert response.code == 0
    assert {finding["state"] for finding in response.json} == {"ok", "warning"}
    assert list(empty_terminal.folder.iterdir()) == []


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_the_doctor_exits_with_1_on_a_fault_and_prints_all_findings(
    terminal: Terminal, as_json: tuple[str, ...]
) -> None:
    (terminal.folder / "var" / "quantimodo.db").write_bytes(b"no database at all " * 400)
    response = terminal("doctor", *as_json)
    assert (response.code, response.err) == (1, "")
    assert "is not a database" in response.out
    assert "mail" in response.out


def test_the_doctor_exits_with_2_when_nothing_could_be_checked(terminal: Terminal) -> None:
    for response in (terminal("doctor", port="eight"), terminal("doctor", "--no-such-option")):
        assert (response.code, response.out) == (2, "")
        assert response.err


def test_the_help_of_the_doctor_states_its_exit_codes(terminal: Terminal) -> None:
    text = " ".join(terminal.does("doctor", "--help").out.replace("│", " ").split())
    assert "Exit code 0: no fault" in text
    assert "1: at least one fault" in text
    assert "2: the settings or the command line are wrong" in text


def test_the_doctor_reports_files_that_other_users_can_read(terminal: Terminal) -> None:
    (terminal.folder / "var" / "secret.key").chmod(0o644)
    (terminal.folder / "var" / "quantimodo.db").chmod(0o644)
    response = terminal("doctor", "--json")
    assert response.code == 1
    states = {(finding["what"], finding["state"]) for finding in response.json}
    assert ("secret key", "fault") in states
    assert ("database", "warning") in states


def test_the_doctor_reports_a_public_server_without_mail_or_proxies(terminal: Terminal) -> None:
    response = terminal("doctor", "--json", issuer="https://id.example.org")
    states = {(finding["what"], finding["state"]) for finding in response.json}
    assert response.code == 1
    assert {("mail", "fault"), ("proxies", "warning")} <= states


def test_the_doctor_connects_to_the_mail_server(terminal: Terminal) -> None:
    response = terminal("doctor", "--json", smtp__url="smtp://marked:marked@127.0.0.1:1")
    (mail,) = [finding for finding in response.json if finding["what"] == "mail"]
    assert mail["state"] == "fault"
    assert "marked" not in response.out


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_settings_are_shown_with_their_origin_and_without_secrets(
    terminal: Terminal, as_json: tuple[str, ...]
) -> None:
    config = terminal.folder / "quantimodo.toml"
    config.write_text("port = 9000\n")
    response = terminal.does(
        *("settings", "show", *as_json),
        config=str(config),
        database="postgresql://user:marked@db.example.org/x?password=marked",
        smtp__url="smtp://user:marked@mail.example.org:587",
        metrics_token="marked-marked-marked",
        secret_key=KEY,
        sign_up="closed",
    )
    assert "marked" not in response.out
    assert KEY not in response.out
    assert "db.example.org" in response.out
    if as_json:
        assert response.json["port"] == {"value": "9000", "from": str(config)}
        assert response.json["sign_up"] == {"value": "closed", "from": "environment"}
        assert response.json["host"] == {"value": "127.0.0.1", "from": "default"}


def test_every_command_exits_with_2_for_invalid_settings(terminal: Terminal) -> None:
    for arguments in (("clients", "list"), ("doctor",), ("settings", "show"), ("serve",)):
        response = terminal(*arguments, port="eight", wokers="2")
        assert (response.code, response.out) == (2, "")
        assert response.err == (
            "error: QUANTIMODO_WOKERS is not a setting: did you mean QUANTIMODO_WORKERS?\n"
            "error: QUANTIMODO_PORT must be a whole number\n"
        )


def test_every_command_names_its_values_in_one_form() -> None:
    """Arguments as {client_id}, options as <str>."""
    wrong = []
    commands = [("quantimodo", typer.main.get_command(command_line()))]
    for path, command in commands:
        context = command.context_class(command)
        for parameter in command.params:
            shown = parameter.make_metavar(context)
            form = r"\[?\{?[a-z_]+\}?\]?(\.\.\.)?" if is_argument(parameter) else r"<.*>"
            if not re.fullmatch(form, shown):
                wrong.append(f"{path} {parameter.name}: {shown}")
        children = getattr(command, "commands", {})
        commands += [(f"{path} {name}", child) for name, child in children.items()]
    assert len(commands) > 50
    assert wrong == []


def is_argument(parameter: object) -> bool:
    return getattr(parameter, "param_type_name", "") == "argument"
