"""The table `factor_recoveries`: requests to remove a lost second factor."""

from datetime import datetime

from quantimodo.model.factor_recoveries import FactorRecovery
from quantimodo.storage.database import KeyedRead, Operation, Statement
from quantimodo.storage.rows import Column, RowReader
from quantimodo.storage.tables.retention_rules import expired
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.users import (
    CONFIRM_PASSWORD,
    DELETE_FACTOR_RECOVERY,
    DELETE_PASSKEYS,
    HAS_FACTOR,
    LOCK_PERSON,
    delete_factor,
)
from quantimodo.storage.timestamps import from_micros, to_micros

_RECOVERY = RowReader(
    FactorRecovery,
    "user_id",
    Column("requested_at", from_micros),
    Column("due_at", from_micros),
    Column("expires_at", from_micros),
)
_FIND = KeyedRead(f"SELECT {_RECOVERY.columns} FROM factor_recoveries WHERE user_id")
_FROM_LINK = Statement("SELECT user_id FROM passwords WHERE user_id = {1} AND set_by_link = 1")
_HAS_PASSKEY = Statement("SELECT id FROM passkeys WHERE user_id = {1} LIMIT 1")
_DELETE_EXPIRED = Statement(
    "DELETE FROM factor_recoveries WHERE user_id = {1} AND expires_at <= {2}"
)
_ADD = Statement(
    f"INSERT INTO factor_recoveries ({_RECOVERY.columns}) VALUES ({{1}}, {{2}}, {{3}}, {{4}})"
    " ON CONFLICT (user_id) DO NOTHING RETURNING user_id"
)
_TAKE_DUE = Statement(
    "DELETE FROM factor_recoveries WHERE user_id = {1} AND due_at <= {2} AND expires_at > {2}"
    " RETURNING user_id"
)


class FactorRecoveries(Table):
    """Implements `FactorRecoveryStore`."""

    retention = (expired("factor_recoveries", "user_id"),)

    async def add_factor_recovery(self, recovery: FactorRecovery) -> bool:
        user_id, at = recovery.user_id, to_micros(recovery.requested_at)

        def operation() -> Operation[bool]:
            yield LOCK_PERSON, (user_id,)
            # Where the operator requires a factor, a passkey is one (decision 0017).
            if not (yield HAS_FACTOR, (user_id,)) and not (yield _HAS_PASSKEY, (user_id,)):
                return False
            if (yield _FROM_LINK, (user_id,)):
                return False
            yield _DELETE_EXPIRED, (user_id, at)
            times = to_micros(recovery.due_at), to_micros(recovery.expires_at)
            return bool((yield _ADD, (user_id, at, *times)))

        return await self._database.write(operation)

    async def factor_recovery(self, user_id: int) -> FactorRecovery | None:
        return _RECOVERY.read_found(await self._database.one(_FIND, user_id))

    async def cancel_factor_recovery(self, user_id: int) -> bool:
        def operation() -> Operation[bool]:
            yield LOCK_PERSON, (user_id,)
            return bool((yield DELETE_FACTOR_RECOVERY, (user_id,)))

        return await self._database.write(operation)

    async def complete_factor_recovery(self, user_id: int, at: datetime) -> bool:
        def operation() -> Operation[bool]:
            yield LOCK_PERSON, (user_id,)
            if (yield _FROM_LINK, (user_id,)):
                return False
            if not (yield _TAKE_DUE, (user_id, to_micros(at))):
                return False
            yield from delete_factor(user_id)
            # They are lost too, or the person would have used one instead.
            yield DELETE_PASSKEYS, (user_id,)
            return True

        return await self._database.write(operation)

    async def is_password_from_link(self, user_id: int) -> bool:
        return bool(await self._database.rows(_FROM_LINK, user_id))

    async def record_factor_use(self, user_id: int) -> bool:
        def operation() -> Operation[bool]:
            yield LOCK_PERSON, (user_id,)
            yield CONFIRM_PASSWORD, (user_id,)
            return bool((yield DELETE_FACTOR_RECOVERY, (user_id,)))

        return await self._database.write(operation)
