"""Client id metadata documents. The promises of `stores.py` hold here too."""

from datetime import datetime
from typing import Protocol

from quantimodo.model.client_documents import ClientDocument


class ClientDocumentStore(Protocol):
    async def document(self, client_id: str) -> ClientDocument | None:
        """The stored state of the document of this client id, stale or not; None if there is
        none."""

    async def save_document(
        self, document: ClientDocument, *, most_of_host: int, most: int
    ) -> None:
        """Add or replace it. Of its host and of all, the documents over these numbers are deleted
        with their clients: first those that no person allows, of these the ones that were not used
        for the longest time. A disabled client stays."""

    async def record_document_use(self, client_id: str, at: datetime) -> None:
        """Record when the document was used."""
