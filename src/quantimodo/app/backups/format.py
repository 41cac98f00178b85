"""The format of a backup: an uncompressed tar file, its manifest first.

`manifest.json` says what the backup is, with the size and the SHA-256 of each part, and is
authenticated by the server's secret key. The parts are `database`, a SQLite file or a dump in
PostgreSQL's custom format, and on request `secret.key`; encrypted parts end with `.age`.
"""

import hashlib
import io
import os
import tarfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Final, Literal

import msgspec

from quantimodo.crypto.digests import compare_digest, hmac_sha256
from quantimodo.crypto.envelope import Envelope
from quantimodo.storage.sqlite.snapshots import sync_folder

DATABASE: Final = "database"
SECRET_KEY: Final = "secret.key"
ENCRYPTED: Final = ".age"
VERSION: Final = 1
FORMAT: Final = "quantimodo-backup"
_MANIFEST: Final = "manifest.json"
_LONGEST_MANIFEST: Final = 65_536
_PIECE: Final = 1_048_576
_PURPOSE: Final = "backup"

Engine = Literal["sqlite", "postgres"]


class BackupRefused(Exception):
    """The file cannot be made or restored; the text says why and what to do."""


class Part(msgspec.Struct, frozen=True):
    """A file in the backup, as it is stored."""

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`secret_keys` are fingerprints of the keys that decrypt the database's values, the newest
    first; `migrations` are number, name and checksum of the schema's steps. `authentication` is an
    HMAC-SHA-256 of all others, by the newest of the keys."""

    format: str
    version: int
    made_by: str
    made_at: datetime
    engine: Engine
    issuer: str
    migrations: tuple[tuple[int, str, str], ...]
    secret_keys: tuple[str, ...]
    parts: dict[str, Part]
    authentication: str = ""

    @property
    def encrypted(self) -> bool:
        """Whether the parts are encrypted by age."""
        return DATABASE not in self.parts

    def part(self, name: str) -> str | None:
        """The name under which a part is stored; None if the backup has none."""
        return next((each for each in (name, name + ENCRYPTED) if each in self.parts), None)


class _Head(msgspec.Struct):
    format: str = ""
    version: int = 0


def authenticated(manifest: Manifest, envelope: Envelope) -> Manifest:
    """The manifest with the authentication code that `is_authentic` verifies."""
    code = _authentication(manifest, envelope.derive(_PURPOSE))
    return msgspec.structs.replace(manifest, authentication=code)


def fingerprints(envelope: Envelope) -> tuple[str, ...]:
    """A fingerprint of each secret key, from which the key cannot be computed."""
    return tuple(key[:8].hex() for key in envelope.derive_all("key fingerprint"))


def is_authentic(manifest: Manifest, envelope: Envelope) -> bool:
    """Whether a server with one of these keys made the manifest."""
    return any(
        compare_digest(_authentication(manifest, key), manifest.authentication)
        for key in envelope.derive_all(_PURPOSE)
    )


def write_backup(
    target: Path, draft: Path, manifest: Manifest, parts: Mapping[str, IO[bytes]]
) -> None:
    """Write the backup as `draft`, and give it its name when it is complete and on the disk.

    The mode is 0600. Raises `BackupRefused` when there is a file with that name.
    """
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
                text = msgspec.json.format(msgspec.json.encode(manifest)) + b"\n"
                _add(archive, _MANIFEST, io.BytesIO(text), len(text), manifest.made_at)
                for name, content in parts.items():
                    size = manifest.parts[name].size
                    content.seek(0)
                    _add(archive, name, content, size, manifest.made_at)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, target)  # unlike a rename, it replaces nothing
    except FileExistsError:
        raise BackupRefused(f"there is a file at {target.absolute()} already") from None
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()
    sync_folder(target.parent)


class BackupFile:
    """An open backup whose checksums are right. Raises `BackupRefused` for any other file."""

    def __init__(self, file: IO[bytes]) -> None:
        try:
            self._archive = tarfile.TarFile(fileobj=file, mode="r")
            self.manifest = self._read_manifest()
            self._check_parts()
        except (tarfile.TarError, EOFError, OverflowError) as fault:
            raise BackupRefused("the file is no backup of quantimodo, or it is cut off") from fault

    def open(self, name: str) -> IO[bytes]:
        """A stored part, from its beginning."""
        found = self._archive.extractfile(name)
        if found is None:
            raise BackupRefused(f"the backup's {name} is no file")
        return found

    def _read_manifest(self) -> Manifest:
        first = self._archive.next()
        if first is None or first.name != _MANIFEST or not 0 < first.size <= _LONGEST_MANIFEST:
            raise BackupRefused("the file is no backup of quantimodo")
        text = self.open(_MANIFEST).read()
        try:
            head = msgspec.json.decode(text, type=_Head)
            if head.format != FORMAT:
                raise BackupRefused("the file is no backup of quantimodo")
            if head.version > VERSION:
                raise BackupRefused(
                    "the backup has the format of a newer version of quantimodo: install that one"
                )
            return msgspec.json.decode(text, type=Manifest)
        except msgspec.DecodeError as fault:
            raise BackupRefused("the backup's manifest is damaged") from fault

    def _check_parts(self) -> None:
        stored = {member.name: member for member in self._archive.getmembers()[1:]}
        if set(stored) != set(self.manifest.parts) or self.manifest.part(DATABASE) is None:
            raise BackupRefused("the backup is incomplete: its parts are not those of its manifest")
        for name, part in self.manifest.parts.items():
            if not stored[name].isreg() or measured(self.open(name)) != part:
                raise BackupRefused(f"the backup is damaged: the checksum of {name} is wrong")


def measured(file: IO[bytes]) -> Part:
    """Size and checksum of a whole file."""
    file.seek(0)
    found, size = hashlib.sha256(), 0
    while piece := file.read(_PIECE):
        found.update(piece)
        size += len(piece)
    return Part(size, found.hexdigest())


def _authentication(manifest: Manifest, key: bytes) -> str:
    bare = msgspec.structs.replace(manifest, authentication="")
    text = msgspec.json.encode(bare, order="deterministic")
    return hmac_sha256(key, text).hex()


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes], size: int, at: datetime) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, int(at.timestamp())
    archive.addfile(member, content)
