"""The table `identities`: accounts of people at upstream providers."""

from collections.abc import Callable, Sequence
from datetime import datetime

from quantimodo.model.identities import Identity, NewIdentity
from quantimodo.model.sign_in_methods import AcceptedMethods
from quantimodo.model.users import NewUser, User
from quantimodo.ports.stores import Conflict, SignInEnded
from quantimodo.storage.database import Call, Operation, Statement, execute
from quantimodo.storage.rows import Column, RowReader, first_value
from quantimodo.storage.tables.ended_sign_ins import end_sign_ins, sign_ins_ended_at
from quantimodo.storage.tables.invitations import use_invitation
from quantimodo.storage.tables.revoked_grants import revoke_grants
from quantimodo.storage.tables.session_end import end_sessions
from quantimodo.storage.tables.sign_in_methods import SIGN_IN_METHODS, sign_in_methods
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.users import (
    DELETE_LOGIN_CODES,
    DELETE_PERSONAL_TOKENS,
    LOCK_PERSON,
    OWN_SESSION,
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
    " sealed_refresh_token, created_at, used_at, signed_out_at)"
    " VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {8}, {9}) RETURNING id"
)
_USE = Statement(
    "UPDATE identities SET used_at = {2}, name = {3}, email = {4},"
    " sealed_refresh_token = COALESCE({5}, sealed_refresh_token) WHERE id = {1}"
)
_UNLINK = Statement("DELETE FROM identities WHERE user_id = {1} AND id = {2} RETURNING id")
_DELETE = Statement("DELETE FROM identities WHERE id = {1} RETURNING id")
# The provider has revoked its refresh token, so it is deleted.
_SIGN_OUT = Statement(
    "UPDATE identities SET signed_out_at = {2}, sealed_refresh_token = NULL WHERE id = {1}"
    " RETURNING id"
)


def insert_identity(user_id: int, identity: NewIdentity, ended_at: int | None) -> Call:
    """The statement that adds an identity of this person, with its values."""
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
            ended_at,
        ),
    )


def _require_not_ended(identity: NewIdentity) -> Operation[int | None]:
    """When the provider last ended sign-ins through this identity; None for never. Raises
    `SignInEnded` if that was after this sign-in began."""
    ended_at = yield from sign_ins_ended_at(identity.issuer, identity.subject)
    if ended_at is not None and to_micros(identity.stated_at) <= ended_at:
        raise SignInEnded
    return ended_at


def _new_identity(
    identity_id: int, user_id: int, identity: NewIdentity, ended_at: int | None
) -> Identity:
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
        signed_out_at=from_micros_or_none(ended_at),
    )


class Identities(Table):
    """Implements `IdentityStore`."""

    async def identity(self, issuer: str, subject: str) -> Identity | None:
        return _IDENTITY.read_first(await self._database.rows(_BY_SUBJECT, issuer, subject))

    async def identities_of(self, user_id: int) -> Sequence[Identity]:
        return _IDENTITY.read_all(await self._database.list_rows(_OF_USER, user_id))

    async def add_identity(
        self, user_id: int, identity: NewIdentity, session: bytes | None = None
    ) -> Identity:
        def operation() -> Operation[tuple[int, int | None]]:
            ended_at = yield from _require_not_ended(identity)
            yield LOCK_PERSON, (user_id,)
            if session is not None and not (yield OWN_SESSION, (user_id, session)):
                raise Conflict("the session was ended")
            identity_id: int = first_value((yield insert_identity(user_id, identity, ended_at)))
            return identity_id, ended_at

        identity_id, ended_at = await self._database.write(operation)
        return _new_identity(identity_id, user_id, identity, ended_at)

    async def add_user_with_identity(
        self, user: NewUser, identity: NewIdentity, invitation: bytes | None = None
    ) -> tuple[User, Identity]:
        def operation() -> Operation[tuple[int, int, int | None]]:
            ended_at = yield from _require_not_ended(identity)
            if invitation is not None:
                yield from use_invitation(invitation, user.created_at)
            user_id: int = first_value((yield insert_user(user)))
            identity_id: int = first_value((yield insert_identity(user_id, identity, ended_at)))
            return user_id, identity_id, ended_at

        user_id, identity_id, ended_at = await self._database.write(operation)
        return new_user(user_id, user), _new_identity(identity_id, user_id, identity, ended_at)

    async def record_identity_use(
        self, identity_id: int, at: datetime, *, name: str, email: str | None, sealed: bytes | None
    ) -> None:
        await self._database.write(execute(_USE, identity_id, to_micros(at), name, email, sealed))

    async def delete_identity(
        self, user_id: int, identity_id: int, accepted: AcceptedMethods
    ) -> bool:
        def operation() -> Operation[bool]:
            yield LOCK_PERSON, (user_id,)
            held = sign_in_methods((yield SIGN_IN_METHODS, (user_id,)))
            if not held.without_identity(identity_id).sign_in_at(accepted):
                return False
            return bool((yield _UNLINK, (user_id, identity_id)))

        return await self._database.write(operation)

    async def end_identity(self, issuer: str, subject: str, at: datetime) -> Identity | None:
        moment = to_micros(at)

        def operation() -> Operation[Identity | None]:
            yield from end_sign_ins(issuer, subject, moment)
            ended = yield from _change(issuer, subject, lambda found: (_DELETE, (found,)))
            if ended is not None:
                yield from _sign_out(ended.user_id, moment)
                yield from revoke_grants(ended.user_id, moment)
                yield DELETE_PERSONAL_TOKENS, (ended.user_id,)
            return ended

        return await self._database.write(operation)

    async def sign_out_identity(
        self, issuer: str, subject: str, at: datetime, *, grants: bool
    ) -> int | None:
        moment = to_micros(at)

        def operation() -> Operation[int | None]:
            found = yield from sign_out_account(issuer, subject, moment)
            if found is None:
                return None
            yield from _sign_out(found.user_id, moment)
            if grants:
                yield from revoke_grants(found.user_id, moment)
                yield DELETE_PERSONAL_TOKENS, (found.user_id,)
            return found.user_id

        return await self._database.write(operation)


def sign_out_account(issuer: str, subject: str, at: int) -> Operation[Identity | None]:
    """Record that the provider signed this account out: sign-ins from before are void, and its
    refresh token is deleted. Returns the identity, whose person is locked, if there is one."""
    yield from end_sign_ins(issuer, subject, at)
    return (yield from _change(issuer, subject, lambda found: (_SIGN_OUT, (found, at))))


def _change(issuer: str, subject: str, change: Callable[[int], Call]) -> Operation[Identity | None]:
    """Lock the person of this identity, then change it; the identity as it was. None: there is no
    such identity."""
    found = _IDENTITY.read_first((yield _BY_SUBJECT, (issuer, subject)))
    if found is None:
        return None
    # The person is locked first by all calls that change sign-in methods, so that none deadlock.
    yield LOCK_PERSON, (found.user_id,)
    return found if (yield change(found.id)) else None


def _sign_out(user_id: int, at: int) -> Operation[None]:
    yield from end_sessions(user_id, at)
    yield DELETE_LOGIN_CODES, (user_id,)
