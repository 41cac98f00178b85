"""Makes backups of the database while the server runs. `backups/format.py` has the format."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from quantimodo import __version__
from quantimodo.app.backups.format import (
    DATABASE,
    ENCRYPTED,
    FORMAT,
    SECRET_KEY,
    VERSION,
    BackupRefused,
    Engine,
    Manifest,
    authenticated,
    fingerprints,
    measured,
    write_backup,
)
from quantimodo.app.secret_keys import format_key, secret_keys
from quantimodo.app.settings.reading import Settings
from quantimodo.crypto import age
from quantimodo.crypto.envelope import Envelope
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.storage.inspection import inspect
from quantimodo.storage.migrate import shipped
from quantimodo.storage.open import open_stores, pending_steps, sqlite_path
from quantimodo.storage.postgres.snapshots import (
    dump_postgres,
)
from quantimodo.storage.sqlite.snapshots import (
    sqlite_copy,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupOptions:
    """`recipients` are public keys of age; without any the backup is not encrypted."""

    recipients: Sequence[str] = ()
    with_secret_key: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Clock, entropy and programs of the machine; `search_path` is where PostgreSQL's programs
    are."""

    clock: Clock
    entropy: Entropy
    search_path: str


async def create_backup(
    settings: Settings, target: Path, options: BackupOptions, tools: Tools
) -> Manifest:
    """Write a backup with every write that was acknowledged before it began.

    The server may run. Raises `BackupRefused`, `BadAgeKey`, `BadSecretKey`, `ProgramFailed`,
    `SchemaMismatch`, `Unavailable`; then there is no file.
    """
    recipients = age.recipients(options.recipients)
    if options.with_secret_key and not recipients:
        raise BackupRefused("a backup with the secret key must be encrypted: add --encrypt-to")
    _require_free(target)
    keys = secret_keys(settings.secret_key, settings.secret_file, tools.entropy, may_generate=False)
    envelope, mark = Envelope(keys, tools.entropy), tools.entropy.bytes(6).hex()
    made_at = tools.clock.now()
    with ExitStack() as opened:
        parts: dict[str, IO[bytes]] = {}
        migrations = await _save_database(
            settings.database, target.parent, mark, parts, opened, tools
        )
        if options.with_secret_key:
            text = "".join(f"{format_key(key)}\n" for key in keys)
            parts[SECRET_KEY] = scratch_file(opened, target.parent)
            parts[SECRET_KEY].write(text.encode())
        if recipients:
            parts = {
                name + ENCRYPTED: _encrypted(content, recipients, target.parent, opened)
                for name, content in parts.items()
            }
        manifest = Manifest(
            format=FORMAT,
            version=VERSION,
            made_by=__version__,
            made_at=made_at,
            engine=engine_of(settings.database),
            issuer=settings.issuer,
            migrations=migrations,
            secret_keys=fingerprints(envelope),
            parts={name: measured(content) for name, content in parts.items()},
        )
        manifest = authenticated(manifest, envelope)
        write_backup(target, target.with_name(f".{target.name}.{mark}"), manifest, parts)
    await _record(settings.database, made_at)
    return manifest


async def _record(url: str, made_at: datetime) -> None:
    """Record in the database itself when it was backed up: all servers over it have one age. A
    schema that is older than this version may not have the table, and is left as it is."""
    if await pending_steps(url):
        return
    stores = await open_stores(url)
    try:
        await stores.server_state.record_backup(made_at)
    finally:
        await stores.close()


def scratch_file(opened: ExitStack, folder: Path | None = None) -> IO[bytes]:
    """A file without a name, which is gone when the process ends, also by `kill -9`."""
    return opened.enter_context(TemporaryFile(dir=folder))


def _require_free(target: Path) -> None:
    if target.exists():
        raise BackupRefused(f"there is a file at {target.absolute()} already")
    if not target.parent.is_dir():
        raise BackupRefused(f"there is no folder {target.parent.absolute()}")


async def _save_database(
    url: str,
    folder: Path,
    mark: str,
    parts: dict[str, IO[bytes]],
    opened: ExitStack,
    tools: Tools,
) -> tuple[tuple[int, str, str], ...]:
    """Add the database to the parts. Returns the migrations that it has."""
    path = sqlite_path(url)
    if path is None:
        before = await _applied(url)
        dump = parts[DATABASE] = scratch_file(opened, folder)
        await dump_postgres(url, dump, tools.search_path)
        if await _applied(url) != before:
            raise BackupRefused("the schema was migrated meanwhile: make the backup again")
        return before
    # In a thread, because a large file takes seconds.
    copy = await asyncio.to_thread(opened.enter_context, sqlite_copy(path, mark))
    if faults := await inspect(f"sqlite:///{copy}"):
        raise BackupRefused(f"the database is damaged: {faults[0]}")
    migrations = await _applied(f"sqlite:///{copy}")
    parts[DATABASE] = opened.enter_context(copy.open("rb"))
    return migrations


async def _applied(url: str) -> tuple[tuple[int, str, str], ...]:
    left = await pending_steps(url)
    steps = tuple(
        (step.number, step.name, step.checksum)
        for step in shipped(engine_of(url))
        if step not in left
    )
    if not steps:
        raise BackupRefused("the database has no tables of quantimodo: there is nothing to keep")
    return steps


def engine_of(url: str) -> Engine:
    """The engine of a database address, as manifests name it."""
    return "postgres" if sqlite_path(url) is None else "sqlite"


def _encrypted(
    content: IO[bytes], recipients: Sequence[object], folder: Path, opened: ExitStack
) -> IO[bytes]:
    result = scratch_file(opened, folder)
    content.seek(0)
    age.encrypt(content, result, recipients)
    return result
