"""The table `identities`: accounts of people at upstream providers."""

from collections.abc import Callable, Sequence
from datetime import datetime

from quantimodo.model.identities import Identity, NewIdentity
from quantimodo.model.users import NewUser, User
from quantimodo.ports.stores import Conflict
from quantimodo.storage.database import Call, Operation, Statement, execute
from quantimodo.storage.rows import Column, RowReader, first_value
from quantimodo.storage.tables.session_end import end_sessions
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.users import (
    DROP_LOGIN_CODES,
    LOCK_PERSON,
    OWN_SESSION,
    REVOKE_GRANTS,
    insert_user,
    new_user,
)
from quantimodo.storage.timestamps import from_micros, from_micros_or_none, to_micros

_IDENTITY = RowReader(
    Identity,
    "id",
    "user_id",
    "provider",
    "issuer",
    "subject",
    "name",
    "email",
    Column("created_at", from_micros),
    Column("used_at", from_micros),
    Column("signed_out_at", from_micros_or_none),
)
_BY_SUBJECT = Statement(
    f"SELECT {_IDENTITY.columns} FROM identities WHERE issuer = {{1}} AND subject = {{2}}"
)
_OF_USER = Statement(
    f"SELECT {_IDENTITY.columns} FROM identities WHERE user_id = {{1}} ORDER BY id"
)
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
_DELETE = Statement("DELETE FROM identities WHERE id = {1} RETURNING id")
# The provider has revoked its refresh token, so it is deleted.
_SIGN_OUT = Statement(
    "UPDATE identities SET signed_out_at = {2}, sealed_refresh_token = NULL WHERE id = {1}"
    " RETURNING id"
)


def _insert(user_id: int, identity: NewIdentity) -> Call:
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
        return _IDENTITY.read_first(await self._database.rows(_BY_SUBJECT, issuer, subject))

    async def identities_of(self, user_id: int) -> Sequence[Identity]:
        return _IDENTITY.read_all(await self._database.list_rows(_OF_USER, user_id))

    async def add_identity(
        self, user_id: int, identity: NewIdentity, session: bytes | None = None
    ) -> Identity:
        def operation() -> Operation[int]:
            yield LOCK_PERSON, (user_id,)
            if session is not None and not (yield OWN_SESSION, (user_id, session)):
                raise Conflict("the session was ended")
            identity_id: int = first_value((yield _insert(user_id, identity)))
            return identity_id

        return _added(await self._database.write(operation), user_id, identity)

    async def add_user_with_identity(
        self, user: NewUser, identity: NewIdentity
    ) -> tuple[User, Identity]:
        def operation() -> Operation[tuple[int, int]]:
            user_id: int = first_value((yield insert_user(user)))
            identity_id: int = first_value((yield _insert(user_id, identity)))
            return user_id, identity_id

        user_id, identity_id = await self._database.write(operation)
        return new_user(user_id, user), _added(identity_id, user_id, identity)

    async def use_identity(
        self, identity_id: int, at: datetime, *, name: str, email: str | None, sealed: bytes | None
    ) -> None:
        await self._database.write(execute(_USE, identity_id, to_micros(at), name, email, sealed))

    async def drop_identity(self, user_id: int, identity_id: int) -> bool:
        def operation() -> Operation[bool]:
            yield LOCK_PERSON, (user_id,)
            return bool((yield _DROP, (user_id, identity_id)))

        return await self._database.write(operation)

    async def end_identity(self, issuer: str, subject: str, at: datetime) -> int | None:
        def operation() -> Operation[int | None]:
            user_id = yield from _change(issuer, subject, lambda found: (_DELETE, (found,)))
            if user_id is not None:
                yield from _sign_out(user_id, to_micros(at))
                yield REVOKE_GRANTS, (user_id, to_micros(at))
            return user_id

        return await self._database.write(operation)

    async def sign_out_identity(
        self, issuer: str, subject: str, at: datetime, *, grants: bool
    ) -> int | None:
        moment = to_micros(at)

        def operation() -> Operation[int | None]:
            user_id = yield from _change(
                issuer, subject, lambda found: (_SIGN_OUT, (found, moment))
            )
            if user_id is not None:
                yield from _sign_out(user_id, moment)
                if grants:
                    yield REVOKE_GRANTS, (user_id, moment)
            return user_id

        return await self._database.write(operation)


def _change(issuer: str, subject: str, change: Callable[[int], Call]) -> Operation[int | None]:
    """Lock the person of this identity, then change it; the person's id. None: no such identity."""
    found = _IDENTITY.read_first((yield _BY_SUBJECT, (issuer, subject)))
    if found is None:
        return None
    # The person is locked first by all calls that change sign-in methods, so that none deadlock.
    yield LOCK_PERSON, (found.user_id,)
    return found.user_id if (yield change(found.id)) else None


def _sign_out(user_id: int, at: int) -> Operation[None]:
    yield from end_sessions(user_id, at)
    yield DROP_LOGIN_CODES, (user_id,)
