"""Adds imported accounts. The promises of `stores.py` hold here too."""

from collections.abc import Sequence
from typing import Protocol

from quantimodo.model.user_imports import ImportedPerson, ImportOutcome


class UserImportStore(Protocol):
    async def import_people(self, people: Sequence[ImportedPerson]) -> Sequence[ImportOutcome]:
        """Add those who are not here yet, each with identities and consents, in one transaction.

        An account that is here is never changed. Raises `Conflict`, and then nothing is written,
        if another writer adds one of them at the same time."""

    async def examine_people(self, people: Sequence[ImportedPerson]) -> Sequence[ImportOutcome]:
        """The outcomes that `import_people` would have now; changes nothing."""
