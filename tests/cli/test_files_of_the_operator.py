"""A file that a command or a setting names and that cannot be used gives a sentence, not a stack
trace: `Terminal` refuses traces."""

import pytest

from support.terminal import Terminal

LIVE = ("doctor", "--live", "http://127.0.0.1:9", "--metrics-token-file")
PERSON = ("users", "create", "--email", "ada@example.org", "--name", "Ada", "--claims")
APP = ("clients", "create", "--name", "Job", "--redirect-uri", "https://app.example.org/", "--logo")
TEXTS = (LIVE, PERSON, ("clients", "import"))
COMMANDS = (
    *TEXTS,
    APP,
    ("users", "import"),
    ("users", "import", "--format", "firebase", "users.json", "--hash-config"),
    ("apply",),
    ("check",),
    ("restore",),
    ("restore", "users.json", "--identity"),
)
SETTINGS = ("config", "secret_file", "branding__logo", "registration__statements_file")


def refused(terminal: Terminal, *arguments: str, says: str = "", **settings: str) -> None:
    result = terminal(*arguments, **settings)
    assert result.code in (1, 2), (arguments, settings)
    assert says in " ".join(result.err.replace("│", " ").split()), (arguments, settings, result.err)
    assert result.err.strip(), (arguments, settings)


@pytest.fixture
def files(terminal: Terminal) -> Terminal:
    (terminal.folder / "users.json").write_text('{"users": []}')
    (terminal.folder / "latin").write_bytes(b"caf\xe9 \xff\xfe")
    (terminal.folder / "empty").touch()
    (terminal.folder / "folder").mkdir()
    with (terminal.folder / "huge").open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    return terminal


def test_a_command_refuses_a_file_that_it_cannot_use(files: Terminal) -> None:
    for command in COMMANDS:
        refused(files, *command, "latin")
    for command in (("check",), ("restore",), ("restore", "users.json", "--identity")):
        for name in ("folder", "none", "empty"):
            refused(files, *command, name)
    for command in TEXTS:
        refused(files, *command, "huge", says="has more than 16,777,216 bytes")
        refused(files, *command, "empty")
    refused(files, *LIVE, "latin", says="latin is not UTF-8 text")
    (files.folder / "lines").write_text("one\ntwo\n")
    refused(files, *LIVE, "lines", says="one token")


def test_a_setting_refuses_a_file_that_it_cannot_use(files: Terminal) -> None:
    for setting in SETTINGS:
        for name in ("latin", "folder", "empty"):
            if (setting, name) != ("config", "empty"):  # which has no setting, and is good
                refused(files, "serve", "--port", "0", **{setting: name})
    deep = files.folder / "deep"
    deep.write_text("a = " + "[" * 50_000)
    refused(files, "serve", "--port", "0", config="deep")
    deep.write_text("[" * 100_000)
    refused(files, "serve", "--port", "0", registration__statements_file="deep")
