"""`quantimodo backup`, `restore` and `check`."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import apsw
import typer

from quantimodo.app.backups.backups import BackupOptions, Tools, create_backup
from quantimodo.app.backups.format import BackupRefused
from quantimodo.app.backups.restores import RestoreOptions, restore_backup
from quantimodo.app.clock_and_entropy import SystemClock, SystemEntropy
from quantimodo.app.sealed_values import unreadable_values
from quantimodo.app.secret_keys import secret_keys
from quantimodo.app.settings.reading import Settings, load_machine
from quantimodo.cli.command_runner import Failed, field_errors, print_error, require_database
from quantimodo.cli.printing import print_json
from quantimodo.cli.text_files import read_text
from quantimodo.crypto.age import AgeFailed, BadAgeKey
from quantimodo.crypto.envelope import Envelope
from quantimodo.model.texts import number_of
from quantimodo.storage.inspection import inspect
from quantimodo.storage.open import SchemaMismatch, pending_steps
from quantimodo.storage.postgres.snapshots import ProgramFailed
from quantimodo.storage.sqlite.faults import sentence_of
from quantimodo.storage.sqlite.snapshots import Occupied

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def backup(
    file: Annotated[Path, typer.Argument(help="The new file. A file that exists is not replaced.")],
    encrypt_to: Annotated[
        list[str] | None,
        typer.Option(help="Encrypt for this public key of age (age1…). Repeat for several."),
    ] = None,
    with_secret_key: Annotated[
        bool, typer.Option("--with-secret-key", help="Add the secret key; only with --encrypt-to.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write a backup of the database. The server may run.

    It contains the fingerprint of the secret key, not the key: keep the key in another place.
    """
    options = BackupOptions(recipients=tuple(encrypt_to or ()), with_secret_key=with_secret_key)
    with field_errors():
        settings = load_machine(os.environ)
        require_database(settings)
        try:
            manifest = asyncio.run(create_backup(settings, file, options, _tools()))
        except (BackupRefused, ProgramFailed, BadAgeKey) as fault:
            raise Failed(str(fault)) from fault
    if as_json:
        print_json(
            {
                "file": str(file.absolute()),
                "engine": manifest.engine,
                "made_at": manifest.made_at,
                "encrypted": manifest.encrypted,
                "schema": manifest.migrations[-1][0],
                "secret_keys": list(manifest.secret_keys),
                "bytes": file.stat().st_size,
            }
        )
        return
    typer.echo(f"{file}: {file.stat().st_size:,} bytes")
    typer.echo(f"needs the secret key with the fingerprint {', '.join(manifest.secret_keys)}")


def restore(
    file: Annotated[Path, typer.Argument(help="A file of `quantimodo backup`.")],
    identity: Annotated[
        Path | None,
        typer.Option(help="The file with the private key of age that decrypts the backup."),
    ] = None,
    from_issuer: Annotated[
        str, typer.Option(help="The issuer of the backup, if this server has another one.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the backup and the target; change nothing.")
    ] = False,
) -> None:
    """Restore a backup, completely or not at all, into a database that does not exist or is empty.

    Stop the server first.
    """
    with field_errors():
        settings = load_machine(os.environ)
        text = "" if identity is None else read_text(identity)
        options = RestoreOptions(identities=text, issuer=from_issuer, dry_run=dry_run)
        try:
            left = asyncio.run(restore_backup(settings, file, options, _tools()))
        except AgeFailed:
            raise Failed("the private key does not decrypt the backup") from None
        except (BackupRefused, Occupied, ProgramFailed, BadAgeKey) as fault:
            raise Failed(str(fault)) from fault
    typer.echo("the backup can be restored; nothing was changed" if dry_run else "restored")
    if left:
        typer.echo(_left(left))


def check(as_json: AsJson = False) -> None:
    """Check the database: damage, schema, and whether the secret keys decrypt its values.

    Reads the whole of a SQLite file; changes nothing. Exit code 0: no fault. 1: at least one
    fault. 2: the settings or the command line are wrong, and nothing was checked.
    """
    with field_errors():
        settings = load_machine(os.environ)
        require_database(settings)
        faults = asyncio.run(_faults(settings))
    if as_json:
        print_json({"faults": faults})
    else:
        for fault in faults:
            print_error(fault)
    if faults:
        raise typer.Exit(1)
    if not as_json:
        typer.echo("no fault found")


async def _faults(settings: Settings) -> list[str]:
    try:
        left = await pending_steps(settings.database)
    except SchemaMismatch as fault:
        return [str(fault)]
    except apsw.Error as fault:
        return [f"the database cannot be used: {sentence_of(fault) or fault}"]
    faults = await inspect(settings.database)
    if left:
        return [*faults, _left(left)]
    entropy = SystemEntropy()
    keys = secret_keys(settings.secret_key, settings.secret_file, entropy, may_generate=False)
    return faults + await unreadable_values(settings.database, Envelope(keys, entropy))


def _tools() -> Tools:
    return Tools(
        clock=SystemClock(), entropy=SystemEntropy(), search_path=os.environ.get("PATH", "")
    )


def _left(migrations: Sequence[object]) -> str:
    number = number_of(len(migrations), "migration is", "migrations are")
    return f"{number} left: quantimodo database migrate"
