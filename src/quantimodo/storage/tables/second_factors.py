"""The tables `second_factors`, `totp_factors`, `totp_enrolments` and `recovery_codes`."""

from collections.abc import Sequence
from datetime import datetime

from quantimodo.model.second_factors import TotpEnrolment, TotpFactor
from quantimodo.storage.database import KeyedRead, Operation, Statement, execute
from quantimodo.storage.rows import Column, RowReader
from quantimodo.storage.tables.retention_rules import expired
from quantimodo.storage.tables.session_end import DELETE_TRUSTED_BROWSERS
from quantimodo.storage.tables.sign_in_methods import SIGN_IN_METHODS, sign_in_methods
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.users import (
    CONFIRM_PASSWORD,
    DELETE_FACTOR_RECOVERY,
    HAS_FACTOR,
    LOCK_PERSON,
    OWN_SESSION,
    delete_factor,
)
from quantimodo.storage.timestamps import from_micros, to_micros

_FACTOR = RowReader(
    TotpFactor, "user_id", "sealed_secret", Column("confirmed_at", from_micros), "last_step"
)
_FIND_FACTOR = KeyedRead(f"SELECT {_FACTOR.columns} FROM totp_factors WHERE user_id")
_ENROLMENT = RowReader(
    TotpEnrolment,
    "user_id",
    "sealed_secret",
    "holder",
    Column("created_at", from_micros),
    Column("expires_at", from_micros),
)
_FIND_ENROLMENT = KeyedRead(f"SELECT {_ENROLMENT.columns} FROM totp_enrolments WHERE user_id")
_SAVE_ENROLMENT = Statement(
    f"INSERT INTO totp_enrolments ({_ENROLMENT.columns})"
    " VALUES ({1}, {2}, {3}, {4}, {5}) ON CONFLICT (user_id) DO UPDATE SET"
    " sealed_secret = excluded.sealed_secret, holder = excluded.holder,"
    " created_at = excluded.created_at, expires_at = excluded.expires_at"
)
_TAKE_ENROLMENT = Statement(
    "DELETE FROM totp_enrolments WHERE user_id = {1} AND sealed_secret = {2} RETURNING user_id"
)
_SET_UP_AT = KeyedRead("SELECT user_id, set_up_at FROM second_factors WHERE user_id")
_SET_UP = Statement(
    "INSERT INTO second_factors (user_id, set_up_at) VALUES ({1}, {2})"
    " ON CONFLICT (user_id) DO UPDATE SET set_up_at = excluded.set_up_at"
)
_SAVE_FACTOR = Statement(
    f"INSERT INTO totp_factors ({_FACTOR.columns})"
    " VALUES ({1}, {2}, {3}, {4}) ON CONFLICT (user_id) DO UPDATE SET"
    " sealed_secret = excluded.sealed_secret, confirmed_at = excluded.confirmed_at,"
    " last_step = excluded.last_step"
)
_PAGE = Statement(
    f"SELECT {_FACTOR.columns} FROM totp_factors WHERE user_id > {{1}} ORDER BY user_id LIMIT {{2}}"
)
_RESEAL = Statement(
    "UPDATE totp_factors SET sealed_secret = {3}"
    " WHERE user_id = {1} AND sealed_secret = {2} RETURNING user_id"
)
_USE_STEP = Statement(
    "UPDATE totp_factors SET last_step = {3}, sealed_secret = {4}"
    " WHERE user_id = {1} AND sealed_secret = {2} AND last_step < {3} RETURNING user_id"
)
_COUNT_CODES = Statement("SELECT COUNT(*) FROM recovery_codes WHERE user_id = {1}")
_ADD_CODE = Statement("INSERT INTO recovery_codes (user_id, digest) VALUES ({1}, {2})")
_USE_CODE = Statement(
    "DELETE FROM recovery_codes WHERE user_id = {1} AND digest = {2} RETURNING user_id"
)
_DELETE_CODES = Statement("DELETE FROM recovery_codes WHERE user_id = {1}")


class SecondFactors(Table):
    """Implements `SecondFactorStore`."""

    retention = (expired("totp_enrolments", "user_id"),)

    async def totp_factor(self, user_id: int) -> TotpFactor | None:
        return _FACTOR.read_found(await self._database.one(_FIND_FACTOR, user_id))

    async def totp_enrolment(self, user_id: int) -> TotpEnrolment | None:
        return _ENROLMENT.read_found(await self._database.one(_FIND_ENROLMENT, user_id))

    async def save_totp_enrolment(self, enrolment: TotpEnrolment) -> None:
        times = to_micros(enrolment.created_at), to_micros(enrolment.expires_at)
        values = (enrolment.user_id, enrolment.sealed_secret, enrolment.holder, *times)
        await self._database.write(execute(_SAVE_ENROLMENT, *values))

    async def second_factor_set_up_at(self, user_id: int) -> datetime | None:
        found = await self._database.one(_SET_UP_AT, user_id)
        if found is None:
            return None
        _, set_up_at = found
        return from_micros(set_up_at)

    async def confirm_totp_enrolment(
        self,
        factor: TotpFactor,
        recovery_codes: Sequence[bytes],
        session: bytes | None,
        *,
        first_at: str | None = None,
    ) -> bool:
        user_id, sealed_secret = factor.user_id, factor.sealed_secret
        times = to_micros(factor.confirmed_at), factor.last_step

        def operation() -> Operation[bool]:
            if not (yield from _lock_session_owner(user_id, session)):
                return False
            if first_at is not None and (yield from has_factor(user_id, first_at)):
                return False
            if not (yield _TAKE_ENROLMENT, (user_id, sealed_secret)):
                return False
            yield from set_up_factor(user_id, recovery_codes, factor.confirmed_at)
            yield _SAVE_FACTOR, (user_id, sealed_secret, *times)
            return True

        return await self._database.write(operation)

    async def set_up_passkey_factor(
        self, user_id: int, host: str, recovery_codes: Sequence[bytes], session: bytes, at: datetime
    ) -> bool:
        def operation() -> Operation[bool]:
            if not (yield from _lock_session_owner(user_id, session)):
                return False
            if (yield HAS_FACTOR, (user_id,)):
                return False
            held = sign_in_methods((yield SIGN_IN_METHODS, (user_id,)))
            if not held.has_passkey_for(host):
                return False
            yield from set_up_factor(user_id, recovery_codes, at)
            return True

        return await self._database.write(operation)

    async def totp_factors(self, *, after: int = 0, limit: int = 100) -> Sequence[TotpFactor]:
        return _FACTOR.read_all(await self._database.list_rows(_PAGE, after, limit))

    async def reseal_totp(self, factor: TotpFactor, sealed_secret: bytes) -> bool:
        change = execute(_RESEAL, factor.user_id, factor.sealed_secret, sealed_secret)
        return bool(await self._database.write(change))

    async def use_totp_step(
        self, factor: TotpFactor, step: int, sealed_secret: bytes | None = None
    ) -> bool:
        stored = factor.sealed_secret
        change = execute(_USE_STEP, factor.user_id, stored, step, sealed_secret or stored)
        return bool(await self._database.write(change))

    async def count_recovery_codes(self, user_id: int) -> int:
        ((count,),) = await self._database.list_rows(_COUNT_CODES, user_id)
        return int(count)

    async def replace_recovery_codes(
        self, user_id: int, recovery_codes: Sequence[bytes], session: bytes
    ) -> bool:
        def operation() -> Operation[bool]:
            if not (yield from _lock_session_owner(user_id, session)):
                return False
            if not (yield HAS_FACTOR, (user_id,)):
                return False
            yield from _replace_codes(user_id, recovery_codes)
            return True

        return await self._database.write(operation)

    async def use_recovery_code(self, user_id: int, digest: bytes) -> bool:
        return bool(await self._database.write(execute(_USE_CODE, user_id, digest)))

    async def delete_second_factors(self, user_id: int, session: bytes | None = None) -> bool:
        def operation() -> Operation[bool]:
            if not (yield from _lock_session_owner(user_id, session)):
                return False
            return (yield from delete_factor(user_id))

        return await self._database.write(operation)


def _lock_session_owner(user_id: int, session: bytes | None) -> Operation[bool]:
    """Lock the person; False if this session of the person was ended."""
    yield LOCK_PERSON, (user_id,)
    return session is None or bool((yield OWN_SESSION, (user_id, session)))


def has_factor(user_id: int, host: str) -> Operation[bool]:
    """Whether the person has a second factor, or a passkey for this host."""
    if (yield HAS_FACTOR, (user_id,)):
        return True
    held = sign_in_methods((yield SIGN_IN_METHODS, (user_id,)))
    return held.has_passkey_for(host)


def set_up_factor(user_id: int, recovery_codes: Sequence[bytes], at: datetime) -> Operation[None]:
    """Require a second factor of the person from now on, and replace the recovery codes by these.
    The caller has locked the person."""
    yield _SET_UP, (user_id, to_micros(at))
    yield from _replace_codes(user_id, recovery_codes)
    yield DELETE_TRUSTED_BROWSERS, (user_id,)
    yield DELETE_FACTOR_RECOVERY, (user_id,)
    yield CONFIRM_PASSWORD, (user_id,)


def _replace_codes(user_id: int, recovery_codes: Sequence[bytes]) -> Operation[None]:
    yield _DELETE_CODES, (user_id,)
    for digest in recovery_codes:
        yield _ADD_CODE, (user_id, digest)
