"""The tables `passkeys` and `used_challenges`."""

from collections.abc import Sequence
from datetime import datetime

from quantimodo.model.passkeys import (
    NewPasskey,
    Passkey,
    PasskeyRemoval,
    PasskeyUse,
    UsedChallenge,
)
from quantimodo.model.sign_in_methods import AcceptedMethods
from quantimodo.storage.database import Call, Operation, Statement, execute
from quantimodo.storage.rows import Column, RowReader, first_value
from quantimodo.storage.tables.retention_rules import expired
from quantimodo.storage.tables.second_factors import has_factor, set_up_factor
from quantimodo.storage.tables.sign_in_methods import SIGN_IN_METHODS, sign_in_methods
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.texts import to_words, words_text
from quantimodo.storage.tables.users import DELETE_PASSKEYS, LOCK_PERSON, OWN_SESSION
from quantimodo.storage.timestamps import from_micros, from_micros_or_none, to_micros

_PASSKEY = RowReader(
    Passkey,
    "credential_id",
    "user_id",
    "rp_id",
    "public_key",
    "sign_count",
    "name",
    Column("transports", to_words),
    "aaguid",
    Column("backup_eligible", bool),
    Column("backed_up", bool),
    Column("created_at", from_micros),
    "id",
    Column("used_at", from_micros_or_none),
)
_BY_CREDENTIAL = Statement(f"SELECT {_PASSKEY.columns} FROM passkeys WHERE credential_id = {{1}}")
_OF_USER = Statement(f"SELECT {_PASSKEY.columns} FROM passkeys WHERE user_id = {{1}} ORDER BY id")
_COUNT = Statement("SELECT COUNT(*) FROM passkeys WHERE user_id = {1}")
_ADD = Statement(
    "INSERT INTO passkeys (credential_id, user_id, rp_id, public_key, sign_count, name, transports,"
    " aaguid, backup_eligible, backed_up, created_at)"
    " VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}, {10}, {11})"
)
_USE_CHALLENGE = Statement(
    "INSERT INTO used_challenges (digest, expires_at) VALUES ({1}, {2})"
    " ON CONFLICT (digest) DO NOTHING RETURNING digest"
)
_USE = Statement(
    "UPDATE passkeys SET sign_count = {2}, backed_up = {3}, used_at = {4} WHERE id = {1}"
    " AND (sign_count < {2} OR (sign_count = 0 AND {2} = 0)) RETURNING id"
)
_RENAME = Statement("UPDATE passkeys SET name = {3} WHERE user_id = {1} AND id = {2} RETURNING id")
# Without an app, the passkeys of the person are the second factor.
_IS_THE_FACTOR = Statement(
    "SELECT f.user_id FROM second_factors f WHERE f.user_id = {1}"
    " AND NOT EXISTS (SELECT 1 FROM totp_factors t WHERE t.user_id = f.user_id)"
)
_DELETE = Statement("DELETE FROM passkeys WHERE user_id = {1} AND id = {2} RETURNING id")


class Passkeys(Table):
    """Implements `PasskeyStore`."""

    retention = (expired("used_challenges", "digest"),)

    async def passkey(self, credential_id: bytes) -> Passkey | None:
        return _PASSKEY.read_first(await self._database.rows(_BY_CREDENTIAL, credential_id))

    async def passkeys_of(self, user_id: int) -> Sequence[Passkey]:
        return _PASSKEY.read_all(await self._database.list_rows(_OF_USER, user_id))

    async def add_passkey(
        self,
        passkey: NewPasskey,
        challenge: UsedChallenge,
        session: bytes,
        most: int,
        recovery_codes: Sequence[bytes] | None = None,
    ) -> bool:
        user_id = passkey.user_id

        def operation() -> Operation[bool]:
            yield LOCK_PERSON, (user_id,)
            if not (yield OWN_SESSION, (user_id, session)):
                return False
            if first_value((yield _COUNT, (user_id,))) >= most:
                return False
            if recovery_codes is not None and (yield from has_factor(user_id, passkey.rp_id)):
                return False
            if not (yield _use(challenge)):
                return False
            yield _insert(passkey)
            if recovery_codes is not None:
                yield from set_up_factor(user_id, recovery_codes, passkey.created_at)
            return True

        return await self._database.write(operation)

    async def use_passkey(
        self,
        passkey_id: int,
        challenge: UsedChallenge,
        *,
        sign_count: int,
        backed_up: bool,
        at: datetime,
    ) -> PasskeyUse:
        change = (passkey_id, sign_count, int(backed_up), to_micros(at))

        def operation() -> Operation[PasskeyUse]:
            if not (yield _use(challenge)):
                return PasskeyUse.REPLAYED
            return PasskeyUse.USED if (yield _USE, change) else PasskeyUse.STALE

        return await self._database.write(operation)

    async def rename_passkey(self, user_id: int, passkey_id: int, name: str) -> bool:
        return bool(await self._database.write(execute(_RENAME, user_id, passkey_id, name)))

    async def delete_passkey(
        self, user_id: int, passkey_id: int, accepted: AcceptedMethods, session: bytes
    ) -> PasskeyRemoval:
        host = accepted.host

        def operation() -> Operation[PasskeyRemoval]:
            yield LOCK_PERSON, (user_id,)
            if not (yield OWN_SESSION, (user_id, session)):
                return PasskeyRemoval.CHANGED
            held = sign_in_methods((yield SIGN_IN_METHODS, (user_id,)))
            remains = held.without_passkey(passkey_id)
            if not remains.sign_in_at(accepted):
                return PasskeyRemoval.LAST_METHOD
            ends = held.has_passkey_for(host) and not remains.has_passkey_for(host)
            if ends and (yield _IS_THE_FACTOR, (user_id,)):
                return PasskeyRemoval.SECOND_FACTOR
            deleted = yield _DELETE, (user_id, passkey_id)
            return PasskeyRemoval.REMOVED if deleted else PasskeyRemoval.CHANGED

        return await self._database.write(operation)

    async def delete_passkeys(self, user_id: int) -> int:
        return len(await self._database.write(execute(DELETE_PASSKEYS, user_id)))


def _use(challenge: UsedChallenge) -> Call:
    return _USE_CHALLENGE, (challenge.digest, to_micros(challenge.expires_at))


def _insert(passkey: NewPasskey) -> Call:
    return (
        _ADD,
        (
            passkey.credential_id,
            passkey.user_id,
            passkey.rp_id,
            passkey.public_key,
            passkey.sign_count,
            passkey.name,
            words_text(passkey.transports),
            passkey.aaguid,
            int(passkey.backup_eligible),
            int(passkey.backed_up),
            to_micros(passkey.created_at),
        ),
    )
