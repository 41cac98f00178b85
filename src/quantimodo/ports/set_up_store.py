"""Writes a whole set-up. The promises of `stores.py` hold here too."""

from collections.abc import Sequence
from typing import Protocol

from quantimodo.model.set_ups import SetUpChanges


class SetUpStore(Protocol):
    async def apply_set_up(self, changes: SetUpChanges) -> Sequence[int]:
        """Add and replace all of them, or nothing; the ids of the new people. Raises `Conflict`
        when a new one is there already, the revision of a changed one or of the settings is not the
        one that was read, someone who is promoted cannot sign in or has no confirmed address, or no
        administrator who can sign in would be left without the new people."""
