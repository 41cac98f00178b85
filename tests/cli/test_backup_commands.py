"""`quantimodo backup`, `restore` and `check` as an operator runs them.

tests/storage/test_backups.py has what they do.
"""

import sys
from contextlib import closing
from pathlib import Path
from shutil import rmtree

import apsw
import pytest

from support.code_blocks import code_blocks
from support.shell import Shell
from support.terminal import Terminal

KEY = "B" * 42 + "A"


def test_a_backup_is_made_checked_and_restored(terminal: Terminal) -> None:
    client = terminal.does(
        "clients", "create", "--name", "Job", "--grant-type", "client_credentials", "--json"
    ).json
    made = terminal.does("backup", "one.backup", "--json").json
    assert made["engine"] == "sqlite"
    assert made["encrypted"] is False
    assert len(made["secret_keys"]) == 1
    again = terminal("backup", "one.backup")
    assert (again.code, again.out) == (1, "")
    assert again.err.startswith("error: there is a file at ")
    occupied = terminal("restore", "one.backup")
    assert occupied.code == 1
    assert "a restore replaces nothing" in occupied.err
    key = terminal.folder / "var" / "secret.key"
    kept = key.read_text()
    rmtree(terminal.folder / "var")
    missing = terminal("restore", "one.backup")
    assert missing.code == 1
    assert "there is no secret key" in missing.err
    other = terminal("restore", "one.backup", secret_key=KEY)
    assert other.code == 1
    assert f"needs the secret key with the fingerprint {made['secret_keys'][0]}" in other.err
    assert not (terminal.folder / "var" / "quantimodo.db").exists()
    assert terminal("restore", "none.backup", secret_key=KEY).err.startswith("error: No such file")
    unread = terminal("restore", "one.backup", "--identity", "none", secret_key=KEY)
    assert "none cannot be read: No such file or directory" in unread.err
    key.parent.mkdir(exist_ok=True)
    key.write_text(kept)
    assert terminal.does("restore", "one.backup").out == "restored\n"
    listed = terminal.does("clients", "list", "--json").json
    assert [each["client_id"] for each in listed] == [client["client_id"]]


def test_the_check_exits_as_documented(terminal: Terminal) -> None:
    assert terminal.does("check").out == "no fault found\n"
    assert terminal.does("check", "--json").json == {"faults": []}
    wrong = terminal("check", secret_key=KEY)
    assert (wrong.code, wrong.out) == (1, "")
    assert "signing keys cannot be decrypted" in wrong.err
    assert terminal("check", port="eight").code == 2
    with closing(apsw.Connection(str(terminal.folder / "var" / "quantimodo.db"))) as database:
        database.execute(
            "DELETE FROM schema_migrations"
            " WHERE number = (SELECT MAX(number) FROM schema_migrations)"
        )
        database.execute("INSERT INTO passwords (user_id, hash, changed_at) VALUES (7, 'h', 0)")
    both = terminal("check", "--json")
    assert both.code == 1
    assert [fault.partition(" ")[0] for fault in both.json["faults"]] == ["a", "1"]
    assert both.json["faults"][1] == "1 migration is left: quantimodo database migrate"
    (terminal.folder / "var" / "quantimodo.db").write_bytes(b"no database at all " * 400)
    assert terminal("check").code == 1


_AGE_KEYGEN = f"""#!{sys.executable}
import sys
from pyrage import x25519
identity = x25519.Identity.generate()
open(sys.argv[2], "w").write(f"# public key: {{identity.to_public()}}\\n{{identity}}\\n")
"""


@pytest.mark.slow
async def test_the_page_on_backups_runs_as_printed(terminal: Terminal) -> None:
    folder = terminal.folder
    programs = folder / "bin"
    for place in (programs, folder / "backups", folder / "else"):
        place.mkdir()
    for name, text in {
        "age-keygen": _AGE_KEYGEN,
        "systemctl": "#!/bin/sh\n",
        "quantimodo": f'#!/bin/sh\nexec {sys.executable} -m quantimodo.cli.main "$@"\n',
    }.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o700)
    shell = await Shell.open(folder)
    variables = {"PATH": f"{programs}:$PATH", "HOME": str(folder)}
    await shell.paste("; ".join(f'export {name}="{text}"' for name, text in variables.items()))
    printed = []
    for block in code_blocks("docs/operator/backups.md"):
        if block.language != "sh":
            continue
        text = block.text.replace("/var/lib/quantimodo", f"{folder}/var")
        text = text.replace("/var/backups", f"{folder}/backups")
        text = text.replace("/somewhere/else", f"{folder}/else")
        if "--dry-run" in text:  # the page: where the settings name another database
            text = f"QUANTIMODO_DATABASE=sqlite:///none.db; export QUANTIMODO_DATABASE\n{text}"
            text += "unset QUANTIMODO_DATABASE\n"
        printed.append(await shell.paste(f"set -e\n{text}"))
    await shell.close()
    output = "\n".join(printed)
    assert output.count("the backup can be restored; nothing was changed") == 2
    assert output.count("no fault found") == 2
    assert "restored" in output.splitlines()
    assert '"format": "quantimodo-backup"' in output
    assert sorted(each.name for each in Path(folder, "backups").glob("*.backup"))[:2] == [
        "complete.backup",
        "encrypted.backup",
    ]
    assert (folder / "else" / "secret.key").exists()
