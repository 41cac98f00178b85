"""The table `account_invitations`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from quantimodo.model.invitations import Invitation, NewInvitation
from quantimodo.model.users import fold_email
from quantimodo.ports.stores import Conflict
from quantimodo.storage.database import KeyedRead, Operation, Statement, execute
from quantimodo.storage.rows import Column, RowReader, UnreadColumn, first_value
from quantimodo.storage.tables.retention_rules import DAY, expired
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import from_micros, to_micros

_FIELDS: Final = (
    "id",
    "key",
    "email",
    "name",
    "invited_by",
    Column("created_at", from_micros),
    Column("sent_at", from_micros),
    Column("expires_at", from_micros),
)
_INVITATION = RowReader(Invitation, *_FIELDS)
_KEYED_INVITATION = RowReader(Invitation, UnreadColumn("key"), *_FIELDS)
_LAST_ID: Final = 2**63 - 1
_FIND = KeyedRead(f"SELECT {_KEYED_INVITATION.columns} FROM account_invitations WHERE key")
_BY_EMAIL = Statement(
    f"SELECT {_INVITATION.columns} FROM account_invitations WHERE email_key = {{1}}"
)
_PAGE = Statement(
    f"SELECT {_INVITATION.columns} FROM account_invitations WHERE id < {{1}}"
    " ORDER BY id DESC LIMIT {2}"
)
_COUNT = Statement("SELECT COUNT(*) FROM account_invitations WHERE email_key <> {1}")
_DELETE_BY_EMAIL = Statement("DELETE FROM account_invitations WHERE email_key = {1}")
# Of concurrent calls for one address the last one stays.
_SAVE = Statement(
    "INSERT INTO account_invitations"
    " (key, email_key, email, name, invited_by, created_at, sent_at, expires_at)"
    " VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {6}, {7})"
    " ON CONFLICT (email_key) DO UPDATE SET key = excluded.key, email = excluded.email,"
    " name = excluded.name, invited_by = excluded.invited_by, created_at = excluded.created_at,"
    f" sent_at = excluded.sent_at, expires_at = excluded.expires_at RETURNING {_INVITATION.columns}"
)
_RENEW = Statement(
    "UPDATE account_invitations SET key = {2}, sent_at = {3}, expires_at = {4} WHERE id = {1}"
    f" RETURNING {_INVITATION.columns}"
)
_DELETE = Statement(
    f"DELETE FROM account_invitations WHERE id = {{1}} RETURNING {_INVITATION.columns}"
)
_TAKE = Statement(
    "DELETE FROM account_invitations WHERE key = {1} AND expires_at > {2} RETURNING id"
)
_DELETE_OF_PERSON = Statement(
    "DELETE FROM account_invitations WHERE email_key = (SELECT email_key FROM users WHERE id = {1}"
    " AND email_verified_at IS NOT NULL)"
)
_CLEAR_ACTIONS = Statement(  # the record of administrators keeps no address
    "UPDATE admin_actions SET detail = '' WHERE detail <> ''"
    " AND detail = (SELECT email FROM users WHERE id = {1})"
)


class Invitations(Table):
    """Implements `InvitationStore`."""

    retention = (
        # Longer than they are valid, so that the operator sees which were not used.
        expired("account_invitations", "id", kept=14 * DAY),
    )

    async def save_invitation(self, invitation: NewInvitation, most: int) -> Invitation | None:
        email_key = fold_email(invitation.email)
        values = (
            *(invitation.key, email_key, invitation.email, invitation.name),
            *(invitation.invited_by, to_micros(invitation.created_at)),
            to_micros(invitation.expires_at),
        )

        def operation() -> Operation[Invitation | None]:
            if first_value((yield _COUNT, (email_key,))) >= most:
                return None
            yield _DELETE_BY_EMAIL, (email_key,)
            return _INVITATION.read_first((yield _SAVE, values))

        return await self._database.write(operation)

    async def renew_invitation(
        self, invitation_id: int, key: bytes, at: datetime, expires_at: datetime
    ) -> Invitation | None:
        renew = execute(_RENEW, invitation_id, key, to_micros(at), to_micros(expires_at))
        return _INVITATION.read_first(await self._database.write(renew))

    async def invitation(self, key: bytes) -> Invitation | None:
        return _KEYED_INVITATION.read_found(await self._database.one(_FIND, key))

    async def invitation_of(self, email: str) -> Invitation | None:
        return _INVITATION.read_first(await self._database.rows(_BY_EMAIL, fold_email(email)))

    async def invitations(self, before: int | None, limit: int) -> Sequence[Invitation]:
        rows = await self._database.list_rows(_PAGE, before or _LAST_ID, limit)
        return _INVITATION.read_all(rows)

    async def delete_invitation(self, invitation_id: int) -> Invitation | None:
        deleted = execute(_DELETE, invitation_id)
        return _INVITATION.read_first(await self._database.write(deleted))


def use_invitation(key: bytes, at: datetime) -> Operation[None]:
    """The part of an operation that adds the invited person. Raises `Conflict` for an invitation
    that is used, withdrawn, replaced or expired; of concurrent calls one uses it."""
    if not (yield _TAKE, (key, to_micros(at))):
        raise Conflict("the invitation cannot be used")


def delete_invitations(user_id: int) -> Operation[None]:
    """The part of an operation that deletes a person: no invitation has the person's verified
    address any more. One to an address that was never verified stays, because it may be for
    another person."""
    yield _DELETE_OF_PERSON, (user_id,)
    yield _CLEAR_ACTIONS, (user_id,)
