"""Reads the stored settings; `set_up_store.py` changes them. The promises of `stores.py`
hold here too."""

from typing import Protocol

from quantimodo.model.stored_settings import StoredSettings


class StoredSettingsStore(Protocol):
    async def stored_settings(self) -> StoredSettings | None:
        """The settings of the last set-up file that was applied; None if there never was one."""

    async def reseal_settings(self, revision: int, sealed_secrets: bytes) -> bool:
        """Replace the encrypted secrets of this revision, which stays the same. False if they were
        changed meanwhile."""
