"""Settings that `quantimodo apply` stored: read at each start, between the defaults and the
settings file."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from quantimodo.app.clock_and_entropy import SystemEntropy
from quantimodo.app.secret_keys import secret_keys
from quantimodo.app.settings.reading import (
    AppliedSettings,
    BadSettings,
    Loaded,
    Settings,
    load,
    load_machine,
)
from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.model.stored_settings import StoredSettings
from quantimodo.ports.clock import Clock
from quantimodo.ports.stored_settings_store import StoredSettingsStore
from quantimodo.storage.open import sqlite_path
from quantimodo.storage.stored_settings import read_stored_settings

SETTINGS_PURPOSE: Final = "stored-settings"
_CORRECTION: Final = (
    "some settings are stored in the database: to correct or remove them, use quantimodo apply, as"
    " docs/operator/set-up-files.md shows"
)
_COMPLETION: Final = (
    "if a set-up file has the rest of this provider, apply it before the first start: quantimodo"
    " database migrate, then quantimodo apply FILE"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What is stored, in plain text: policies by the names of their settings, providers by theirs,
    each without its secret, and the secrets; `lost` are the providers whose secret no key
    decrypts. Values are those of TOML."""

    policies: Mapping[str, Any] = field(default_factory=dict)
    providers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    lost: frozenset[str] = frozenset()
    revision: int = 0

    def settings(self) -> AppliedSettings:
        """The stored settings by their names, for `load`."""
        values = dict(self.policies)
        for name, fields in self.providers.items():
            values |= {f"providers.{name}.{each}": value for each, value in fields.items()}
            if name in self.secrets:
                values[f"providers.{name}.client_secret"] = self.secrets[name]
        return AppliedSettings(values=values, revision=self.revision)


async def read_settings(environ: Mapping[str, str] | None = None) -> Loaded:
    """The settings in force, with those that are stored in the database that they name.

    Raises `BadSettings`, `BadSecretKey`, `DecryptionFailed`, `Unavailable`.
    """
    environ = os.environ if environ is None else environ
    return load_with(environ, await read_applied(load_machine(environ)))


def load_with(environ: Mapping[str, str], applied: Applied) -> Loaded:
    """The settings with those that are stored. Raises `BadSettings`, which says how to correct
    these."""
    try:
        return load(environ, applied.settings())
    except BadSettings as fault:
        if not applied.policies and not applied.providers:
            if any(map(_is_half, fault.faults)):
                raise BadSettings([*fault.faults, _COMPLETION]) from None
            raise
        raise BadSettings([*fault.faults, _CORRECTION]) from None


def _is_half(fault: str) -> bool:
    return fault.startswith("providers.") and " must be set for " in fault


async def read_applied(machine: Settings, *, lost: bool = False) -> Applied:
    """What is stored in the database of these settings. Opens a connection, and closes it.

    Raises `BadSecretKey`, with PostgreSQL before it connects; `DecryptionFailed`, `Unavailable`.
    With `lost`, secrets that no key decrypts are left out instead.
    """
    if sqlite_path(machine.database) is None:  # on SQLite, the first start makes the key
        secret_keys(machine.secret_key, machine.secret_file, SystemEntropy(), may_generate=False)
    stored = await read_stored_settings(machine.database)
    if stored is None:
        return Applied()
    if stored.sealed_secrets is None:
        return opened(stored, None)
    entropy = SystemEntropy()
    keys = secret_keys(machine.secret_key, machine.secret_file, entropy, may_generate=False)
    try:
        return opened(stored, Envelope(keys, entropy))
    except DecryptionFailed:
        if not lost:
            raise
        names = json.loads(stored.document)["with_secret"]
        return replace(opened(stored, None), lost=frozenset(names))


def opened(stored: StoredSettings, envelope: Envelope | None) -> Applied:
    """The stored settings of a row. `envelope` decrypts its secrets; None if it has none."""
    document = json.loads(stored.document)
    secrets: Mapping[str, str] = {}
    if envelope is not None and stored.sealed_secrets is not None:
        secrets = json.loads(envelope.open(stored.sealed_secrets, SETTINGS_PURPOSE))
    return Applied(
        policies=document["policies"],
        providers=document["providers"],
        secrets=secrets,
        revision=stored.revision,
    )


def sealed(applied: Applied, envelope: Envelope, clock: Clock) -> StoredSettings:
    """The row that replaces the one with the revision of `applied`, with encrypted secrets."""
    document = {
        "policies": applied.policies,
        "providers": applied.providers,
        "with_secret": list(applied.secrets),
    }
    secrets = json.dumps(applied.secrets).encode() if applied.secrets else None
    return StoredSettings(
        document=json.dumps(document),
        sealed_secrets=None if secrets is None else envelope.seal(secrets, SETTINGS_PURPOSE),
        changed_at=clock.now(),
        revision=applied.revision,
    )


async def encrypt_again(store: StoredSettingsStore, envelope: Envelope) -> None:
    """Encrypt the secrets by the current secret key. A set-up file that is applied meanwhile does
    the same. Raises `DecryptionFailed`."""
    stored = await store.stored_settings()
    if stored is not None and stored.sealed_secrets is not None:
        fresh = envelope.reseal(stored.sealed_secrets, SETTINGS_PURPOSE)
        if fresh is not None:
            await store.reseal_settings(stored.revision, fresh)
