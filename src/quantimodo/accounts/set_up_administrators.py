"""Administrators of a set-up file: who gets the role, and who loses it.

A person who is not in the file stays as they are. A person without an account gets one without a
password: only the reader of the mails to the address can sign in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from quantimodo.accounts.account_creation import mint_subject
from quantimodo.accounts.addresses import email_address, shown_name
from quantimodo.accounts.errors import InvalidInput
from quantimodo.model.set_ups import Difference, RoleChanges
from quantimodo.model.users import NewUser, User, fold_email
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.admin_stores import PeopleSearchStore
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.protocol.set_up_entries import AdministratorEntry

_WHAT: Final = "administrator"
_MOST: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUpAdministrators:
    """Compares entries with the accounts; `SetUpService` writes the changes."""

    users: UserStore
    search: PeopleSearchStore
    clock: Clock
    entropy: Entropy

    async def plan(self, entries: Sequence[AdministratorEntry]) -> RoleChanges:
        """The changes, with a line for each fault of the entries."""
        changes = RoleChanges()
        seen: set[str] = set()
        for number, entry in enumerate(entries, 1):
            place = f"administrators, number {number}"
            try:
                email = email_address(entry.email)
            except InvalidInput:
                changes.faults.append(f"{place}: email: is no e-mail address")
                continue
            if fold_email(email) in seen:
                changes.faults.append(f"{place}: email: is there twice")
            seen.add(fold_email(email))
            user = await self.users.user_by_email(email)
            fault = self._plan_one(changes, entry, email, user)
            if fault:
                changes.faults.append(f"{place}: {fault}")
        if changes.demoted and not await self._left(changes):
            changes.faults.append("administrators: no one who can sign in would be left")
        return changes

    async def export(self) -> list[dict[str, Any]]:
        """The administrators with an address, as tables of a file."""
        found = await self.search.administrators(_MOST)
        return [{"email": user.email, "name": user.name} for user in found if user.email]

    def _plan_one(
        self, changes: RoleChanges, entry: AdministratorEntry, email: str, user: User | None
    ) -> str:
        """Add the change that the entry makes. The reason if it cannot be made, or empty."""
        if entry.removed:
            if user is not None and user.administrator:
                changes.demoted.append(user)
                changes.differences.append(_difference(email, False, {"administrator": True}))
        elif user is None:
            person = self._new(email, entry.name)
            changes.new_people.append(person)
            changes.differences.append(
                Difference(_WHAT, email, None, {"account": "new", "name": person.name})
            )
        elif not user.administrator:
            if not user.usable:
                return "this account is disabled or closed"
            if user.email_verified_at is None:
                return "this account has not confirmed its address"
            changes.promoted.append(user)
            changes.differences.append(_difference(email, True, {"administrator": False}))
        return ""

    def _new(self, email: str, name: str) -> NewUser:
        return NewUser(
            subject=mint_subject(self.entropy),
            name=shown_name(name, email),
            email=email,
            created_at=self.clock.now(),
            administrator=True,
        )

    async def _left(self, changes: RoleChanges) -> bool:
        """Whether an administrator who can sign in is left. New accounts do not count: their people
        have not signed in yet."""
        demoted = {user.id for user in changes.demoted}
        now = await self.search.administrators(_MOST)
        return bool(changes.promoted) or any(user.usable and user.id not in demoted for user in now)


def _difference(email: str, administrator: bool, before: Mapping[str, Any]) -> Difference:
    return Difference(_WHAT, email, before, {"administrator": administrator})
