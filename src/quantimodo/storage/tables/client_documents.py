"""The table `client_documents`."""

from collections.abc import Sequence
from datetime import datetime

from quantimodo.model.client_documents import ClientDocument
from quantimodo.storage.database import KeyedRead, Operation, Row, Statement, execute
from quantimodo.storage.rows import Column, RowReader
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import from_micros, to_micros

_DOCUMENT = RowReader(
    ClientDocument,
    "client_id",
    "host",
    Column("fresh_until", from_micros),
    Column("used_at", from_micros),
)
_FIND = KeyedRead(f"SELECT {_DOCUMENT.columns} FROM client_documents WHERE client_id")
_SAVE = Statement(
    f"INSERT INTO client_documents ({_DOCUMENT.columns}) VALUES ({{1}}, {{2}}, {{3}}, {{4}})"
    " ON CONFLICT (client_id) DO UPDATE SET fresh_until = excluded.fresh_until,"
    " used_at = excluded.used_at"
)
_USE = Statement("UPDATE client_documents SET used_at = {2} WHERE client_id = {1}")
_AT_ONCE = 1000
_EXCESS = (
    "SELECT client_id FROM client_documents%s ORDER BY used_at DESC, client_id LIMIT"
    f" {_AT_ONCE} OFFSET"
)
_EXCESS_OF_HOST = Statement(_EXCESS % " WHERE host = {1}" + " {2}")
_EXCESS_OF_ALL = Statement(_EXCESS % "" + " {1}")
# To delete a document without a consent ends no access that a person allowed.
_WITHOUT_CONSENT = (
    "SELECT client_id FROM client_documents d WHERE%s client_id <> {1} AND NOT EXISTS"
    " (SELECT 1 FROM consents c WHERE c.client_id = d.client_id)"
    " ORDER BY used_at, client_id LIMIT {2}"
)
_WITHOUT_CONSENT_OF_HOST = Statement(_WITHOUT_CONSENT % " host = {3} AND")
_WITHOUT_CONSENT_OF_ALL = Statement(_WITHOUT_CONSENT % "")
_DELETE = Statement("DELETE FROM client_documents WHERE client_id = {1}")
_DELETE_CLIENT = Statement("DELETE FROM clients WHERE id = {1} AND disabled_at IS NULL")


class ClientDocuments(Table):
    """Implements `ClientDocumentStore`."""

    async def document(self, client_id: str) -> ClientDocument | None:
        return _DOCUMENT.read_found(await self._database.one(_FIND, client_id))

    async def save_document(
        self, document: ClientDocument, *, most_of_host: int, most: int
    ) -> None:
        def operation() -> Operation[None]:
            yield (
                _SAVE,
                (
                    document.client_id,
                    document.host,
                    to_micros(document.fresh_until),
                    to_micros(document.used_at),
                ),
            )
            client_id, host = document.client_id, document.host
            if excess := (yield _EXCESS_OF_HOST, (host, most_of_host)):
                without_consent = yield _WITHOUT_CONSENT_OF_HOST, (client_id, len(excess), host)
                yield from _delete(excess, without_consent)
            if excess := (yield _EXCESS_OF_ALL, (most,)):
                without_consent = yield _WITHOUT_CONSENT_OF_ALL, (client_id, len(excess))
                yield from _delete(excess, without_consent)

        await self._database.write(operation)

    async def record_document_use(self, client_id: str, at: datetime) -> None:
        await self._database.write(execute(_USE, client_id, to_micros(at)))


def _delete(excess: Sequence[Row], without_consent: Sequence[Row]) -> Operation[None]:
    """Delete as many documents as there are in `excess`: those without a consent first, then the
    oldest."""
    oldest = [row for row in reversed(excess) if row not in without_consent]
    for (client_id,) in [*without_consent, *oldest][: len(excess)]:
        yield _DELETE, (client_id,)
        yield _DELETE_CLIENT, (client_id,)
