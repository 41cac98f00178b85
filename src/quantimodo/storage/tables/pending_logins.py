"""The table `pending_logins`: logins that still need a second factor."""

from quantimodo.model.sessions import PendingLogin
from quantimodo.storage.database import KeyedRead, Operation, Statement, execute
from quantimodo.storage.rows import Column, Part, RowReader
from quantimodo.storage.tables.retention_rules import expired
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.users import USER
from quantimodo.storage.timestamps import from_micros, to_micros

_MOST_OF_ONE_PERSON = 5

_PENDING_LOGIN = RowReader(
    PendingLogin,
    "key",
    "proof",
    Column("created_at", from_micros),
    Column("expires_at", from_micros),
    Part("user", USER),
    table="p",
)
_BY_KEY = KeyedRead(
    f"SELECT {_PENDING_LOGIN.columns} FROM pending_logins p"
    " JOIN users u ON u.id = p.user_id AND u.disabled_at IS NULL WHERE p.key"
)
_ADD = Statement(
    "INSERT INTO pending_logins (key, user_id, proof, created_at, expires_at)"
    " VALUES ({1}, {2}, {3}, {4}, {5})"
)
# Keys begin with the time, so that the newest rows have the largest keys.
_DELETE_OLDEST = Statement(
    "DELETE FROM pending_logins WHERE user_id = {1} AND key NOT IN (SELECT key FROM pending_logins"
    f" WHERE user_id = {{1}} ORDER BY key DESC LIMIT {_MOST_OF_ONE_PERSON})"
)
_TAKE = Statement("DELETE FROM pending_logins WHERE key = {1} RETURNING key")


class PendingLogins(Table):
    """Implements `PendingLoginStore`."""

    retention = (expired("pending_logins", "key"),)

    async def add_pending_login(self, pending: PendingLogin) -> None:
        user_id = pending.user.id

        def operation() -> Operation[None]:
            times = to_micros(pending.created_at), to_micros(pending.expires_at)
            yield _ADD, (pending.key, user_id, pending.proof, *times)
            yield _DELETE_OLDEST, (user_id,)

        await self._database.write(operation)

    async def pending_login(self, key: bytes) -> PendingLogin | None:
        return _PENDING_LOGIN.read_found(await self._database.one(_BY_KEY, key))

    async def take_pending_login(self, key: bytes) -> bool:
        return bool(await self._database.write(execute(_TAKE, key)))
