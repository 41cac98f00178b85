"""The table `identities`: who people are at providers."""

from collections.abc import Callable, Sequence
from datetime import datetime

from quantimodo.model.identities import Identity, NewIdentity
from quantimodo.model.users import NewUser, User
from quantimodo.ports.stores import Conflict
from quantimodo.storage.database import Call, Operation, Row, Statement, execute
from quantimodo.storage.tables.session_end import ending_all
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.users import (
    DROP_LOGIN_CODES,
    HOLD_PERSON,
    OWN_SESSION,
    REVOKE_GRANTS,
    adding_user,
    user_of,
)
from quantimodo.storage.timestamps import from_micros, from_micros_or_none, to_micros

_COLUMNS = "id, user_id, provider, issuer, subject, name, email, created_at, used_at, signed_out_at"
_IDENTITY = Statement(f"SELECT {_COLUMNS} FROM identities WHERE issuer = {{1}} AND subject = {{2}}")
_OF_USER = Statement(f"SELECT {_COLUMNS} FROM identities WHERE user_id = {{1}} ORDER BY id")
_ADD = Statement(
    "INSERT INTO identities (user_id, provider, issuer, subject, name, email,"
    " sealed_refresh_token, created_at, used_at)"
    " VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {8}) RETURNING id"
)
_USE = Statement(
    "UPDATE identities SET used_at = {2}, name = {3}, email = {4},"
    " sealed_refresh_token = COALESCE({5}, sealed_refresh_token) WHERE id = {1}"
)
_DROP = Statement(
    "DELETE FROM identities WHERE user_id = {1} AND id = {2} AND"
    # A password without an address is no sign-in method.
    " (EXISTS (SELECT 1 FROM passwords p JOIN users u ON u.id = p.user_id"
    " WHERE p.user_id = {1} AND u.email_key IS NOT NULL)"
    " OR EXISTS (SELECT 1 FROM identities o WHERE o.user_id = {1} AND o.id <> {2})) RETURNING id"
)
_END = Statement("DELETE FROM identities WHERE id = {1} RETURNING id")
# The provider's refresh token is worth nothing any more, so it is not kept.
_SIGN_OUT = Statement(
    "UPDATE identities SET signed_out_at = {2}, sealed_refresh_token = NULL WHERE id = {1}"
    " RETURNING id"
)


def _to_identity(row: Row) -> Identity:
    return Identity(
        id=row[0],
        user_id=row[1],
        provider=row[2],
        issuer=row[3],
        subject=row[4],
        name=row[5],
        email=row[6],
        created_at=from_micros(row[7]),
        used_at=from_micros(row[8]),
        signed_out_at=from_micros_or_none(row[9]),
    )


def _adding(user_id: int, identity: NewIdentity) -> Call:
    return (
        _ADD,
        (
            user_id,
            identity.provider,
            identity.issuer,
            identity.subject,
            identity.name,
            identity.email,
            identity.sealed_refresh_token,
            to_micros(identity.created_at),
        ),
    )


def _added(identity_id: int, user_id: int, identity: NewIdentity) -> Identity:
    return Identity(
        id=identity_id,
        user_id=user_id,
        provider=identity.provider,
        issuer=identity.issuer,
        subject=identity.subject,
        name=identity.name,
        email=identity.email,
        created_at=identity.created_at,
        used_at=identity.created_at,
    )


class Identities(Table):
    async def identity(self, issuer: str, subject: str) -> Identity | None:
        rows = await self._database.rows(_IDENTITY, issuer, subject)
        return _to_identity(rows[0]) if rows else None

    async def identities_of(self, user_id: int) -> Sequence[Identity]:
        return [_to_identity(row) for row in await self._database.list_rows(_OF_USER, user_id)]

    async def add_identity(
        self, user_id: int, identity: NewIdentity, session: bytes | None = None
    ) -> Identity:
        def operation() -> Operation[int]:
            yield HOLD_PERSON, (user_id,)
            if session is not None and not (yield OWN_SESSION, (user_id, session)):
                raise Conflict("the session was ended")
            identity_id: int = (yield _adding(user_id, identity))[0][0]
            return identity_id

        return _added(await self._database.write(operation), user_id, identity)

    async def add_user_with_identity(
        self, user: NewUser, identity: NewIdentity
    ) -> tuple[User, Identity]:
        def operation() -> Operation[tuple[int, int]]:
            user_id: int = (yield adding_user(user))[0][0]
            identity_id: int = (yield _adding(user_id, identity))[0][0]
            return user_id, identity_id

        user_id, identity_id = await self._database.write(operation)
        return user_of(user_id, user), _added(identity_id, user_id, identity)

    async def use_identity(
        self, identity_id: int, at: datetime, *, name: str, email: str | None, sealed: bytes | None
    ) -> None:
        await self._database.write(execute(_USE, identity_id, to_micros(at), name, email, sealed))

    async def drop_identity(self, user_id: int, identity_id: int) -> bool:
        def operation() -> Operation[bool]:
            yield HOLD_PERSON, (user_id,)
            return bool((yield _DROP, (user_id, identity_id)))

        return await self._database.write(operation)

    async def end_identity(self, issuer: str, subject: str, at: datetime) -> int | None:
        def operation() -> Operation[int | None]:
            user_id = yield from _touching(issuer, subject, lambda found: (_END, (found,)))
            if user_id is not None:
                yield from _signing_out(user_id, to_micros(at))
                yield REVOKE_GRANTS, (user_id, to_micros(at))
            return user_id

        return await self._database.write(operation)

    async def sign_out_identity(
        self, issuer: str, subject: str, at: datetime, *, grants: bool
    ) -> int | None:
        moment = to_micros(at)

        def operation() -> Operation[int | None]:
            user_id = yield from _touching(
                issuer, subject, lambda found: (_SIGN_OUT, (found, moment))
            )
            if user_id is not None:
                yield from _signing_out(user_id, moment)
                if grants:
                    yield REVOKE_GRANTS, (user_id, moment)
            return user_id

        return await self._database.write(operation)


def _touching(issuer: str, subject: str, change: Callable[[int], Call]) -> Operation[int | None]:
    """Change this identity, holding its person, whose id comes back; None if it is not there."""
    rows = yield _IDENTITY, (issuer, subject)
    if not rows:
        return None
    identity_id, user_id = rows[0][:2]
    # The person first, as everybody who changes ways in: no two wait for each other.
    yield HOLD_PERSON, (user_id,)
    return int(user_id) if (yield change(identity_id)) else None


def _signing_out(user_id: int, at: int) -> Operation[None]:
    yield from ending_all(user_id, at)
    yield DROP_LOGIN_CODES, (user_id,)
