"""The table `stored_settings`: one row, which set-up files change and each start reads."""

from quantimodo.model.stored_settings import StoredSettings
from quantimodo.ports.stores import Conflict
from quantimodo.storage.database import Operation, Statement, execute
from quantimodo.storage.rows import Column, RowReader
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import from_micros, to_micros

STORED_SETTINGS = RowReader(
    StoredSettings,
    *("document", "sealed_secrets"),
    Column("changed_at", from_micros),
    "revision",
)
SELECT_SETTINGS = Statement(f"SELECT {STORED_SETTINGS.columns} FROM stored_settings WHERE id = 1")
_ADD = Statement(
    f"INSERT INTO stored_settings (id, {STORED_SETTINGS.columns})"
    " VALUES (1, {1}, {2}, {3}, {4} + 1)"
    " ON CONFLICT (id) DO NOTHING RETURNING 1"
)
_CHANGE = Statement(
    "UPDATE stored_settings SET document = {1}, sealed_secrets = {2}, changed_at = {3},"
    " revision = {4} + 1 WHERE id = 1 AND revision = {4} RETURNING 1"
)
_ENCRYPT_AGAIN = Statement(
    "UPDATE stored_settings SET sealed_secrets = {2} WHERE id = 1 AND revision = {1} RETURNING 1"
)


class StoredSettingsTable(Table):
    """Implements `StoredSettingsStore`."""

    async def stored_settings(self) -> StoredSettings | None:
        return STORED_SETTINGS.read_first(await self._database.rows(SELECT_SETTINGS))

    async def reseal_settings(self, revision: int, sealed_secrets: bytes) -> bool:
        write = execute(_ENCRYPT_AGAIN, revision, sealed_secrets)
        return bool(await self._database.write(write))


def write_row(settings: StoredSettings) -> Operation[None]:
    """Store them. Raises `Conflict` if they were changed after this revision was read."""
    values = (
        *(settings.document, settings.sealed_secrets),
        to_micros(settings.changed_at),
        settings.revision,
    )
    if not (yield (_CHANGE if settings.revision else _ADD), values):
        raise Conflict("the stored settings were changed meanwhile")
