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
_OVER = (
    "SELECT client_id FROM client_documents%s ORDER BY used_at DESC, client_id LIMIT"
    f" {_AT_ONCE} OFFSET"
)
_OVER_OF_HOST = Statement(_OVER % " WHERE host = {1}" + " {2}")
_OVER_OF_ALL = Statement(_OVER % "" + " {1}")
# Those without a consent: to delete one ends nothing that a person allowed.
_UNALLOWED = (
    "SELECT client_id FROM client_documents d WHERE%s client_id <> {1} AND NOT EXISTS"
    " (SELECT 1 FROM consents c WHERE c.client_id = d.client_id)"
    " ORDER BY used_at, client_id LIMIT {2}"
)
_UNALLOWED_OF_HOST = Statement(_UNALLOWED % " host = {3} AND")
_UNALLOWED_OF_ALL = Statement(_UNALLOWED % "")
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
            if over := (yield _OVER_OF_HOST, (host, most_of_host)):
                unallowed = yield _UNALLOWED_OF_HOST, (client_id, len(over), host)
                yield from _delete(over, unallowed)
            if over := (yield _OVER_OF_ALL, (most,)):
                unallowed = yield _UNALLOWED_OF_ALL, (client_id, len(over))
                yield from _delete(over, unallowed)

        await self._database.write(operation)

    async def record_document_use(self, client_id: str, at: datetime) -> None:
        await self._database.write(execute(_USE, client_id, to_micros(at)))


def _delete(over: Sequence[Row], unallowed: Sequence[Row]) -> Operation[None]:
    """Delete as many as are over the number: those without a consent first, then the oldest."""
    oldest = [row for row in reversed(over) if row not in unallowed]
    for (client_id,) in [*unallowed, *oldest][: len(over)]:
        yield _DELETE, (client_id,)
        yield _DELETE_CLIENT, (client_id,)
