"""The team of an application: who may manage it, and changes of the team without an invitation.

`accounts/team_invitations.py` owns invitations.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from quantimodo.clients.registry import Registry
from quantimodo.model.client_members import ClientMember, ClientRole, domain_ended
from quantimodo.model.clients import Client
from quantimodo.model.events import Event
from quantimodo.ports.audit import Audit
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.clock import Clock
from quantimodo.ports.team_store import TeamStore


@dataclass(frozen=True, slots=True)
class MemberAudit:
    """Implements `Audit`. The trail of changes that the member `user_id` makes: each is an event of
    the member, and of the lead, if another person is the lead."""

    audit: Audit
    user_id: int

    def record(self, event: Event) -> None:
        self.audit.record(replace(event, user_id=self.user_id))
        if event.user_id not in (None, self.user_id):
            self.audit.record(replace(event, detail=f"{event.detail} by member {self.user_id}"))


def acting(registry: Registry, user_id: int) -> Registry:
    """The registry for changes by this member."""
    return replace(registry, audit=MemberAudit(registry.audit, user_id))


@dataclass(frozen=True, slots=True)
class Teams:
    """The only place that decides who may manage an application."""

    store: TeamStore
    clients: ClientStore
    audit: Audit
    clock: Clock

    async def role_of(self, client: Client, user_id: int) -> ClientRole | None:
        """The role of this person; None if they may not manage the application."""
        if client.owner_id == user_id:
            return "owner"
        return await self.store.role(client.id, user_id)

    async def managed(self, user_id: int) -> Sequence[Client]:
        """The applications that this person manages as a member, the oldest first. `Registry.owned`
        returns those of which the person is the lead."""
        memberships = await self.store.memberships(user_id)
        clients = [await self.clients.client(each.client_id) for each in memberships]
        return sorted(filter(None, clients), key=lambda client: (client.created_at, client.id))

    async def members(self, client: Client) -> Sequence[ClientMember]:
        """The lead first, then the others, the oldest first."""
        return await self.store.members(client.id)

    async def ends_with(self, client: Client) -> bool:
        """Whether the application is deleted with its lead: no other owner follows."""
        owners = [each for each in await self.members(client) if each.role == "owner"]
        return len(owners) == 1

    async def remove(self, client: Client, user_id: int, *, by: int) -> bool:
        """Remove a member. False for the lead, a person who is no member, and if `by` is no owner
        any more."""
        removed = await self.store.remove_member(client.id, user_id, by)
        if removed:
            self._record(client, "client.member_removed", by, f"member {user_id} removed")
        return removed

    async def leave(self, client: Client, user_id: int) -> Literal["left", "last", "none"]:
        """Remove oneself. The last owner stays ("last")."""
        outcome = await self.store.leave(client.id, user_id)
        if outcome == "left":
            ended = domain_ended(client) if client.owner_id == user_id else ""
            self._record(client, "client.member_left", user_id, f"member {user_id} left{ended}")
        return outcome

    async def set_by_operator(self, client: Client, user_id: int, role: ClientRole) -> bool:
        """Add a member, or change the role. False for the lead."""
        done = await self.store.set_member(client.id, user_id, role, self.clock.now())
        if done:
            text = f"member {user_id} is {role}, by the operator"
            self._record(client, "client.member_added", None, text)
        return done

    async def remove_by_operator(self, client: Client, user_id: int) -> bool:
        """Remove a member. False for the lead, and for a person who is no member."""
        removed = await self.store.remove_member(client.id, user_id, None)
        if removed:
            text = f"member {user_id} removed by the operator"
            self._record(client, "client.member_removed", None, text)
        return removed

    async def transfer_by_operator(self, client: Client, user_id: int) -> bool:
        """Make this person the lead. False for the lead, and for an application without one."""
        done = await self.store.transfer(client.id, user_id, self.clock.now())
        if done:
            text = f"member {user_id} is the lead{domain_ended(client)}, by the operator"
            self._record(client, "client.transferred", None, text)
        return done

    def _record(self, client: Client, kind: str, user_id: int | None, action: str) -> None:
        self.audit.record(
            Event(
                at=self.clock.now(),
                kind=kind,
                user_id=user_id,
                client_id=client.id,
                detail=f"app {client.name}: {action}",
            )
        )
