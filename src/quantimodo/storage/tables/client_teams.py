"""The tables `client_members` and `client_invitations`, and the column `clients.owner_id`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

from quantimodo.model.client_members import (
    ClientInvitation,
    ClientMember,
    ClientRole,
    InvitedRole,
    Membership,
)
from quantimodo.ports.stores import BudgetExceeded
from quantimodo.storage.database import KeyedRead, Operation, Statement, execute
from quantimodo.storage.rows import Column, RowReader, UnreadColumn, first_value
from quantimodo.storage.tables.client_rows import without_verified_domain
from quantimodo.storage.tables.retention_rules import expired
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import from_micros, to_micros

_MEMBER = RowReader(
    ClientMember,
    "user_id",
    "name",
    "email",
    Column("email_verified", bool),
    "role",
    Column("since", from_micros),
    Column("lead", bool),
)
_MEMBERSHIP = RowReader(
    Membership, "client_id", "role", Column("since", from_micros, sql="added_at"), table="m"
)
_FIELDS: Final = (
    *("key", "client_id", "email", "role", "invited_by"),
    Column("created_at", from_micros),
    Column("expires_at", from_micros),
)
_INVITATION = RowReader(ClientInvitation, *_FIELDS)
_KEYED_INVITATION = RowReader(ClientInvitation, UnreadColumn("key"), *_FIELDS)
_ROLE = Statement("SELECT role FROM client_members WHERE client_id = {1} AND user_id = {2}")
_MEMBERS = Statement(
    "SELECT u.id, u.name, u.email, u.email_verified_at IS NOT NULL, 'owner' AS role,"
    " c.created_at AS since, 1 AS lead"
    " FROM clients c JOIN users u ON u.id = c.owner_id WHERE c.id = {1} UNION ALL"
    " SELECT u.id, u.name, u.email, u.email_verified_at IS NOT NULL, m.role, m.added_at, 0"
    " FROM client_members m"
    " JOIN clients c ON c.id = m.client_id JOIN users u ON u.id = m.user_id"
    " WHERE m.client_id = {1} AND (c.owner_id IS NULL OR c.owner_id <> m.user_id)"
    " ORDER BY lead DESC, since, 1"
)
_MEMBERSHIPS = Statement(
    f"SELECT {_MEMBERSHIP.columns} FROM client_members m JOIN clients c ON c.id = m.client_id"
    " WHERE m.user_id = {1} AND (c.owner_id IS NULL OR c.owner_id <> {1}) ORDER BY m.client_id"
)
# The order of locks: the client first, then its members and invitations.
_LOCK = Statement("UPDATE clients SET owner_id = owner_id WHERE id = {1} RETURNING owner_id")
_LOCK_OWNED = Statement("UPDATE clients SET owner_id = owner_id WHERE owner_id = {1} RETURNING id")
_METADATA = Statement("SELECT metadata FROM clients WHERE id = {1}")
_SET_LEAD = Statement(
    "UPDATE clients SET owner_id = {2}, metadata = {3}, revision = revision + 1 WHERE id = {1}"
    " RETURNING id"
)
_OWNER = "SELECT id FROM users WHERE id = {1}"
_LOCK_OWNER = Statement(_OWNER, postgres=f"{_OWNER} FOR NO KEY UPDATE")
_COUNT_OWNED = Statement(
    "SELECT (SELECT count(*) FROM clients WHERE owner_id = {1} AND id <> {2})"
    " + (SELECT count(*) FROM client_members WHERE user_id = {1} AND role = 'owner'"
    " AND client_id <> {2})"
)
_PERSON = Statement("SELECT 1 FROM users WHERE id = {1}")
_SAVE = Statement(
    "INSERT INTO client_members (client_id, user_id, role, added_at) VALUES ({1}, {2}, {3}, {4})"
    " ON CONFLICT (client_id, user_id) DO UPDATE SET role = excluded.role"
)
_DELETE = Statement(
    "DELETE FROM client_members WHERE client_id = {1} AND user_id = {2} RETURNING user_id"
)
_NEXT_LEAD = Statement(
    "SELECT user_id FROM client_members WHERE client_id = {1} AND role = 'owner'"
    " AND user_id <> {2} ORDER BY added_at, user_id LIMIT 1"
)
_COUNT = Statement(
    "SELECT (SELECT COUNT(*) FROM client_members WHERE client_id = {1})"
    " + (SELECT COUNT(*) FROM client_invitations WHERE client_id = {1})"
)
_INVITE = Statement(
    "INSERT INTO client_invitations (key, client_id, email, role, invited_by, created_at,"
    " expires_at) VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7})"
)
_OF_CLIENT = Statement(
    f"SELECT {_INVITATION.columns} FROM client_invitations WHERE client_id = {{1}}"
    " AND expires_at > {2} ORDER BY created_at, email"
)
_FIND = KeyedRead(f"SELECT {_KEYED_INVITATION.columns} FROM client_invitations WHERE key")
_DELETE_INVITATION = Statement(
    "DELETE FROM client_invitations WHERE client_id = {1} AND email = {2} RETURNING key"
)
_DELETE_EXPIRED = Statement(
    "DELETE FROM client_invitations WHERE client_id = {1} AND expires_at <= {2}"
)
_DELETE_SENT = Statement(
    "DELETE FROM client_invitations WHERE client_id = {1} AND invited_by = {2}"
)
_VERIFIED = "FROM users WHERE id = {1} AND email_verified_at IS NOT NULL"
_DELETE_OF_PERSON = Statement(
    f"DELETE FROM client_invitations WHERE lower(email) = (SELECT email_key {_VERIFIED})"
    f" OR email = (SELECT email {_VERIFIED})"
)
_TAKE = Statement(
    "DELETE FROM client_invitations WHERE key = {1} AND expires_at > {2} RETURNING key"
)


class ClientTeams(Table):
    """Implements `TeamStore`."""

    retention = (expired("client_invitations", "key"),)

    async def role(self, client_id: str, user_id: int) -> ClientRole | None:
        found: ClientRole | None = first_value(await self._database.rows(_ROLE, client_id, user_id))
        return found

    async def members(self, client_id: str) -> Sequence[ClientMember]:
        return _MEMBER.read_all(await self._database.list_rows(_MEMBERS, client_id))

    async def memberships(self, user_id: int) -> Sequence[Membership]:
        return _MEMBERSHIP.read_all(await self._database.list_rows(_MEMBERSHIPS, user_id))

    async def set_member(
        self, client_id: str, user_id: int, role: ClientRole, now: datetime
    ) -> bool:
        def operation() -> Operation[bool]:
            locked = yield _LOCK, (client_id,)
            if not locked or first_value(locked) == user_id or not (yield _PERSON, (user_id,)):
                return False
            yield _SAVE, (client_id, user_id, role, to_micros(now))
            return True

        return await self._database.write(operation)

    async def remove_member(self, client_id: str, user_id: int, by: int | None) -> bool:
        def operation() -> Operation[bool]:
            lead = first_value((yield _LOCK, (client_id,)))
            if by is not None and not (yield from _is_owner(client_id, by, lead)):
                return False
            if lead == user_id or not (yield _DELETE, (client_id, user_id)):
                return False
            yield _DELETE_SENT, (client_id, user_id)
            return True

        return await self._database.write(operation)

    async def leave(self, client_id: str, user_id: int) -> Literal["left", "last", "none"]:
        def operation() -> Operation[Literal["left", "last", "none"]]:
            lead = first_value((yield _LOCK, (client_id,)))
            if lead == user_id:
                if not (yield from _promote_next_owner(client_id, user_id)):
                    return "last"
            elif not (yield _DELETE, (client_id, user_id)):
                return "none"
            yield _DELETE_SENT, (client_id, user_id)
            return "left"

        return await self._database.write(operation)

    async def transfer(self, client_id: str, user_id: int, now: datetime) -> bool:
        def operation() -> Operation[bool]:
            lead = first_value((yield _LOCK, (client_id,)))
            if lead in (None, user_id) or not (yield _PERSON, (user_id,)):
                return False
            yield from _transfer(client_id, lead, user_id, to_micros(now))
            return True

        return await self._database.write(operation)

    async def save_invitation(self, invitation: ClientInvitation, most: int) -> bool:
        client_id, email = invitation.client_id, invitation.email
        created_at = to_micros(invitation.created_at)

        def operation() -> Operation[bool]:
            lead = first_value((yield _LOCK, (client_id,)))
            if not (yield from _may_invite(invitation, lead)):
                return False
            yield _DELETE_EXPIRED, (client_id, created_at)
            yield _DELETE_INVITATION, (client_id, email)
            if first_value((yield _COUNT, (client_id,))) >= most:
                return False
            yield (
                _INVITE,
                (
                    invitation.key,
                    client_id,
                    email,
                    invitation.role,
                    invitation.invited_by,
                    created_at,
                    to_micros(invitation.expires_at),
                ),
            )
            return True

        return await self._database.write(operation)

    async def invitations(self, client_id: str, now: datetime) -> Sequence[ClientInvitation]:
        rows = await self._database.list_rows(_OF_CLIENT, client_id, to_micros(now))
        return _INVITATION.read_all(rows)

    async def invitation(self, key: bytes) -> ClientInvitation | None:
        return _KEYED_INVITATION.read_found(await self._database.one(_FIND, key))

    async def delete_invitation(self, client_id: str, email: str) -> bool:
        deleted = execute(_DELETE_INVITATION, client_id, email)
        return bool(await self._database.write(deleted))

    async def accept_invitation(
        self, invitation: ClientInvitation, user_id: int, now: datetime, most_owned: int
    ) -> InvitedRole | None:
        client_id, at = invitation.client_id, to_micros(now)

        def operation() -> Operation[InvitedRole | None]:
            lead = first_value((yield _LOCK, (client_id,)))
            if not (yield from _may_invite(invitation, lead)):
                return None
            if not (yield _TAKE, (invitation.key, at)):
                return None
            if lead == user_id:
                return "owner"
            if invitation.role != "developer":
                yield from check_owned(user_id, client_id, most_owned)
            if invitation.role == "transfer":
                yield from _transfer(client_id, invitation.invited_by, user_id, at)
                return "transfer"
            # An owner who accepts an earlier invitation as a developer stays an owner.
            before = first_value((yield _ROLE, (client_id, user_id)))
            role: ClientRole = "owner" if "owner" in (before, invitation.role) else "developer"
            yield _SAVE, (client_id, user_id, role, at)
            return role

        return await self._database.write(operation)


def check_owned(user_id: int, client_id: str, most: int) -> Operation[None]:
    """The part of an operation that makes a person an owner of this client. Raises
    `BudgetExceeded` if they own `most` others; concurrent calls count one after the other."""
    yield _LOCK_OWNER, (user_id,)
    if first_value((yield _COUNT_OWNED, (user_id, client_id))) >= most:
        raise BudgetExceeded("this person owns the most clients that are allowed")


def transfer_clients(user_id: int) -> Operation[None]:
    """The part of an operation that deletes a person: another owner becomes the lead of clients."""
    for (client_id,) in (yield _LOCK_OWNED, (user_id,)):
        yield from _promote_next_owner(client_id, user_id)


def delete_team_invitations(user_id: int) -> Operation[None]:
    """The part of an operation that deletes a person: no invitation has the person's verified
    address any more. Those to an address that was never verified stay, because they may be for
    another person."""
    yield _DELETE_OF_PERSON, (user_id,)


def _promote_next_owner(client_id: str, user_id: int) -> Operation[bool]:
    """Make the oldest owner beside this person the lead; False if there is none."""
    successor = first_value((yield _NEXT_LEAD, (client_id, user_id)))
    if successor is None:
        return False
    yield from _set_lead(client_id, successor)
    yield _DELETE, (client_id, successor)
    return True


def _set_lead(client_id: str, user_id: int) -> Operation[None]:
    """Set the lead. Ends the verified domain, which the operator verified for the lead before."""
    metadata: str = first_value((yield _METADATA, (client_id,)))
    yield _SET_LEAD, (client_id, user_id, without_verified_domain(metadata))


def _transfer(client_id: str, lead: int, user_id: int, at: int) -> Operation[None]:
    yield from _set_lead(client_id, user_id)
    yield _DELETE, (client_id, user_id)
    yield _SAVE, (client_id, lead, "developer", at)
    yield _DELETE_SENT, (client_id, lead)


def _is_owner(client_id: str, user_id: int, lead: int | None) -> Operation[bool]:
    if lead == user_id:
        return True
    role: ClientRole | None = first_value((yield _ROLE, (client_id, user_id)))
    return role == "owner"


def _may_invite(invitation: ClientInvitation, lead: int | None) -> Operation[bool]:
    """Whether the person who sent the invitation may still do so. Only the lead transfers."""
    if invitation.role == "transfer":
        return lead == invitation.invited_by
    return (yield from _is_owner(invitation.client_id, invitation.invited_by, lead))
