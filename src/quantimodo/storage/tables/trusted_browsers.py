"""The table `trusted_browsers`: browsers in which people sign in without the second factor."""

from collections.abc import Sequence
from datetime import datetime

from quantimodo.model.trusted_browsers import TrustedBrowser
from quantimodo.storage.database import KeyedRead, Operation, Statement, execute
from quantimodo.storage.rows import Column, RowReader
from quantimodo.storage.tables.retention_rules import expired
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.users import LOCK_PERSON
from quantimodo.storage.timestamps import from_micros, to_micros

_MOST_OF_ONE_PERSON = 10

_BROWSER = RowReader(
    TrustedBrowser,
    "key",
    "user_id",
    Column("created_at", from_micros),
    Column("expires_at", from_micros),
    "address",
    "agent",
)
_BY_KEY = KeyedRead(f"SELECT {_BROWSER.columns} FROM trusted_browsers WHERE key")
_OF_PERSON = Statement(
    f"SELECT {_BROWSER.columns} FROM trusted_browsers WHERE user_id = {{1}}"
    f" ORDER BY key DESC LIMIT {_MOST_OF_ONE_PERSON}"
)
_CREDENTIALS_CHANGED = Statement(
    "SELECT user_id FROM passwords WHERE user_id = {1} AND changed_at > {2}"
    " UNION ALL SELECT user_id FROM second_factors WHERE user_id = {1} AND set_up_at > {2}"
)
_ADD = Statement(
    f"INSERT INTO trusted_browsers ({_BROWSER.columns}) VALUES ({{1}}, {{2}}, {{3}}, {{4}}, {{5}},"
    " {6})"
)
# Keys begin with the time, so that the newest rows have the largest keys.
_DELETE_OLDEST = Statement(
    "DELETE FROM trusted_browsers WHERE user_id = {1} AND key NOT IN (SELECT key FROM"
    " trusted_browsers WHERE user_id = {1} ORDER BY key DESC"
    f" LIMIT {_MOST_OF_ONE_PERSON})"
)
_DELETE = Statement("DELETE FROM trusted_browsers WHERE key = {1} AND user_id = {2} RETURNING key")


class TrustedBrowsers(Table):
    """Implements `TrustedBrowserStore`."""

    retention = (expired("trusted_browsers", "key"),)

    async def add_trusted_browser(self, browser: TrustedBrowser, since: datetime) -> bool:
        user_id = browser.user_id

        def operation() -> Operation[bool]:
            if not (yield LOCK_PERSON, (user_id,)):
                return False
            if (yield _CREDENTIALS_CHANGED, (user_id, to_micros(since))):
                return False
            times = to_micros(browser.created_at), to_micros(browser.expires_at)
            yield _ADD, (browser.key, user_id, *times, browser.address, browser.agent)
            yield _DELETE_OLDEST, (user_id,)
            return True

        return await self._database.write(operation)

    async def trusted_browser(self, key: bytes) -> TrustedBrowser | None:
        return _BROWSER.read_found(await self._database.one(_BY_KEY, key))

    async def trusted_browsers(self, user_id: int) -> Sequence[TrustedBrowser]:
        return _BROWSER.read_all(await self._database.list_rows(_OF_PERSON, user_id))

    async def delete_trusted_browser(self, user_id: int, key: bytes) -> bool:
        return bool(await self._database.write(execute(_DELETE, key, user_id)))
