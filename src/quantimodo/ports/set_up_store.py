"""Writes a whole set-up. The promises of `stores.py` hold here too."""

from typing import Protocol

from quantimodo.model.set_ups import SetUpChanges


class SetUpStore(Protocol):
    async def write_set_up(self, changes: SetUpChanges) -> None:
        """Add and replace all of them, or nothing. Raises `Conflict` when a new one is there
        already, or the revision of a changed one is not the one that was read."""
