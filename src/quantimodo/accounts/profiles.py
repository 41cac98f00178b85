"""Stores what profiles have beside name and e-mail address, and records each change.

`protocol/user_profiles.py` has the rules of the values.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from quantimodo.accounts.errors import DomainError
from quantimodo.model.events import Event
from quantimodo.model.texts import N_
from quantimodo.model.user_profiles import Profile
from quantimodo.model.users import User
from quantimodo.ports.account_stores import ProfileStore
from quantimodo.ports.audit import Audit
from quantimodo.ports.clock import Clock
from quantimodo.ports.stores import Conflict
from quantimodo.protocol.user_profiles import InvalidProfile, parse_profile


@dataclass(frozen=True, slots=True)
class Profiles:
    store: ProfileStore
    clock: Clock
    audit: Audit

    async def of(self, user: User) -> Profile:
        """The profile of this person, empty if none is stored."""
        return await self.store.profile(user.id) or Profile()

    async def update(self, user: User, given: Mapping[str, str]) -> None:
        """Replace the profile by what the person entered. Raises `InvalidProfile`,
        `DomainError`."""
        await self.replace(user, parse_profile(given, await self.of(user)))

    async def preset_zone(self, user: User, zone: str) -> None:
        """Store the time zone of the browser in which the account was made; an invalid one is left
        out, and so is one of an account that has a profile."""
        if not zone or await self.store.profile(user.id) is not None:
            return
        try:
            profile = parse_profile({"zoneinfo": zone})
            await self.store.save_profile(user.id, profile, self.clock.now())
        except (InvalidProfile, Conflict):  # Conflict: the account was deleted meanwhile
            return

    async def replace(self, user: User, profile: Profile) -> None:
        """Replace the profile, for the person or the operator. Raises `DomainError`."""
        now = self.clock.now()
        try:
            await self.store.save_profile(user.id, profile, now)
        except Conflict:
            raise DomainError(N_("The account is not there any more.")) from None
        self.audit.record(Event(at=now, kind="profile.changed", user_id=user.id))
