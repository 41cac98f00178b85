"""Restores a backup completely, or not at all. `backups/format.py` has the format."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from quantimodo.app.backups.backups import Tools, engine_of, scratch_file
from quantimodo.app.backups.format import (
    DATABASE,
    ENCRYPTED,
    SECRET_KEY,
    BackupFile,
    BackupRefused,
    Manifest,
    fingerprints,
    is_authentic,
)
from quantimodo.app.sealed_values import unreadable_values
from quantimodo.app.secret_keys import parse_keys, secret_keys
from quantimodo.app.settings.reading import Settings
from quantimodo.crypto import age
from quantimodo.crypto.envelope import Envelope
from quantimodo.storage.inspection import inspect
from quantimodo.storage.migrate import AppliedStep, SchemaMismatch, pending, shipped
from quantimodo.storage.open import Step, pending_steps, sqlite_path
from quantimodo.storage.postgres.snapshots import check_dump, require_empty, restore_postgres
from quantimodo.storage.sqlite.snapshots import draft_of, new_file, put_in_place, sync_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreOptions:
    """`identities` is the text of a file with private keys of age. `issuer` is the issuer that the
    backup must have, if it is not the server's. With `dry_run` all is checked and nothing done."""

    identities: str = field(default="", repr=False)
    issuer: str = ""
    dry_run: bool = False


async def restore_backup(
    settings: Settings, source: Path, options: RestoreOptions, tools: Tools
) -> list[Step]:
    """Restore into the database of the settings, which must not exist, or be empty on PostgreSQL.

    Returns the migrations that are left to run. Raises `BackupRefused`, `Occupied`, `BadAgeKey`,
    `AgeFailed`, `BadSecretKey`, `ProgramFailed`, `Unavailable`; then nothing is changed.
    """
    with source.open("rb") as file, ExitStack() as opened:
        backup = BackupFile(file)
        left = _require_fitting(backup.manifest, settings, options)
        identities = _identities(backup.manifest, options)
        key_text = _stored_key(backup, settings, identities, opened)
        envelope = _envelope(settings, key_text, tools)
        _require_keys(backup.manifest, envelope)
        path = sqlite_path(settings.database)
        if path is None:
            dump = scratch_file(opened)
            _unpack(backup, DATABASE, identities, dump)
            dump.seek(0)
            await check_dump(dump, tools.search_path)
            dump.seek(0)
            if options.dry_run:
                await require_empty(settings.database)
                return left
            with _key_file(settings, key_text):
                await restore_postgres(settings.database, dump, tools.search_path)
            return left
        draft = opened.enter_context(draft_of(path, tools.entropy.bytes(6).hex()))
        with draft.open("wb") as plain:
            _unpack(backup, DATABASE, identities, plain)
        await _require_sound(draft, left, envelope)
        if not options.dry_run:
            with _key_file(settings, key_text):
                put_in_place(draft, path)
        return left


def _require_fitting(manifest: Manifest, settings: Settings, options: RestoreOptions) -> list[Step]:
    """The migrations that are left after the restore. Raises `BackupRefused`."""
    engine = engine_of(settings.database)
    if manifest.engine != engine:
        raise BackupRefused(
            f"the backup is of the engine {manifest.engine}, and the setting database names"
            f" {engine}: a backup is restored into the engine that it was made of"
        )
    if manifest.issuer != (options.issuer or settings.issuer):
        raise BackupRefused(
            f"the backup is of the issuer {manifest.issuer!a}, and this server is"
            f" {settings.issuer}. If you mean to restore it here: --from-issuer with that issuer"
        )
    try:
        applied = [AppliedStep(*each) for each in manifest.migrations]
        return pending(shipped(engine), applied)
    except SchemaMismatch as fault:
        raise BackupRefused(f"this version cannot use the backup. {fault}") from fault


def _envelope(settings: Settings, key_text: str, tools: Tools) -> Envelope:
    if key_text:
        return Envelope(parse_keys(key_text), tools.entropy)
    keys = secret_keys(settings.secret_key, settings.secret_file, tools.entropy, may_generate=False)
    return Envelope(keys, tools.entropy)


def _require_keys(manifest: Manifest, envelope: Envelope) -> None:
    ours = fingerprints(envelope)
    missing = [each for each in manifest.secret_keys if each not in ours]
    if missing:
        raise BackupRefused(
            f"the backup needs the secret key with the fingerprint {missing[0]}, and the settings"
            f" have {', '.join(ours)}. Put the key of that time into the secret file, below the"
            " newest one if you have rotated it since"
        )
    if not is_authentic(manifest, envelope):
        raise BackupRefused("the backup was changed after it was made: its authentication is wrong")


def _identities(manifest: Manifest, options: RestoreOptions) -> Sequence[object]:
    if not manifest.encrypted:
        return ()
    if not options.identities:
        raise BackupRefused("the backup is encrypted: name the file of the private key: --identity")
    return age.identities(options.identities)


def _stored_key(
    backup: BackupFile, settings: Settings, identities: Sequence[object], opened: ExitStack
) -> str:
    """The secret keys in the backup, if this server has none; otherwise an empty text."""
    if settings.secret_key or Path(settings.secret_file).exists():
        return ""
    if backup.manifest.part(SECRET_KEY) is None:
        return ""
    plain = scratch_file(opened)
    _unpack(backup, SECRET_KEY, identities, plain)
    plain.seek(0)
    return plain.read().decode("ascii")


@contextmanager
def _key_file(settings: Settings, text: str) -> Iterator[None]:
    """Create the secret file for the restore, and delete it when the restore fails."""
    if not text:
        yield
        return
    path = Path(settings.secret_file)
    path.parent.mkdir(parents=True, exist_ok=True)
    new_file(path)
    try:
        path.write_text(text, "ascii")
        sync_folder(path.parent)
        yield
    except BaseException:
        path.unlink()
        raise


def _unpack(backup: BackupFile, name: str, identities: Sequence[object], plain: IO[bytes]) -> None:
    stored = backup.manifest.part(name)
    if stored is None:
        raise BackupRefused(f"the backup has no {name}")
    with backup.open(stored) as content:
        if stored.endswith(ENCRYPTED):
            age.decrypt(content, plain, identities)
        else:
            shutil.copyfileobj(content, plain)
    plain.flush()


async def _require_sound(draft: Path, left: Sequence[Step], envelope: Envelope) -> None:
    url = f"sqlite:///{draft}"
    if await pending_steps(url) != left:
        raise BackupRefused("the backup is damaged: its schema is not that of its manifest")
    faults = await inspect(url)
    if not left:  # an older schema may lack tables; its keys were compared before
        faults += await unreadable_values(url, envelope)
    if faults:
        raise BackupRefused(f"the backup is damaged: {faults[0]}")
