"""Accounts that their people closed: columns of `users`, and what ends at that moment."""

from collections.abc import Sequence
from datetime import datetime

from quantimodo.model.users import User
from quantimodo.storage.database import Operation, Statement, execute
from quantimodo.storage.tables.revoked_grants import revoke_grants
from quantimodo.storage.tables.session_end import end_sessions
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.users import (
    DELETE_LOGIN_CODES,
    DELETE_PERSONAL_TOKENS,
    USER,
)
from quantimodo.storage.timestamps import from_micros, to_micros

# The update locks the person: a sign-in or an authorization at the same time runs before it, and
# ends here, or after it, and sees that the account is closed.
_CLOSE = Statement(
    "UPDATE users SET deletes_at = COALESCE(deletes_at, {2}) WHERE id = {1} RETURNING deletes_at"
)
_REOPEN = Statement(
    "UPDATE users SET deletes_at = NULL WHERE id = {1} AND deletes_at > {2} RETURNING id"
)
# A closed account whose deletion has begun cannot be opened again, whatever the clocks of other
# processes say.
_CLAIM = Statement(
    "UPDATE users SET deletes_at = 0 WHERE id = {1} AND deletes_at <= {2} RETURNING id"
)
_DUE = Statement(
    f"SELECT {USER.columns} FROM users u WHERE u.deletes_at <= {{1}} ORDER BY u.deletes_at"
    " LIMIT {2}"
)


class AccountClosings(Table):
    """Implements `AccountClosingStore`."""

    async def close_account(
        self, user_id: int, at: datetime, deletes_at: datetime
    ) -> datetime | None:
        def operation() -> Operation[datetime | None]:
            closed = yield _CLOSE, (user_id, to_micros(deletes_at))
            if not closed:
                return None
            yield from end_sessions(user_id, to_micros(at))
            yield DELETE_LOGIN_CODES, (user_id,)
            yield from revoke_grants(user_id, to_micros(at))
            yield DELETE_PERSONAL_TOKENS, (user_id,)
            return from_micros(closed[0][0])

        return await self._database.write(operation)

    async def reopen_account(self, user_id: int, now: datetime) -> bool:
        return bool(await self._database.write(execute(_REOPEN, user_id, to_micros(now))))

    async def closed_accounts(self, now: datetime, limit: int) -> Sequence[User]:
        return USER.read_all(await self._database.list_rows(_DUE, to_micros(now), limit))

    async def claim_deletion(self, user_id: int, now: datetime) -> bool:
        return bool(await self._database.write(execute(_CLAIM, user_id, to_micros(now))))
