"""What an administrator, or a command of the operator, does with applications and APIs of others.

Each action is recorded with who and why before it is done (`ports/admin_stores.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from quantimodo.clients.errors import InvalidMetadata
from quantimodo.clients.registry import Registry
from quantimodo.clients.resources import ResourceRegistry
from quantimodo.model.admin_actions import Authority
from quantimodo.model.clients import Client
from quantimodo.model.resources import Resource
from quantimodo.model.texts import number_of
from quantimodo.ports.admin_stores import AdminLog
from quantimodo.ports.owner_notices import OwnerNotices
from quantimodo.protocol.registration import registration_of
from quantimodo.protocol.resource_registration import resource_registration
from quantimodo.protocol.verified_domains import is_of_domain

ClientAction = Literal["review", "unreview", "disable", "enable", "delete"]
ResourceAction = Literal["review", "unreview", "remove"]
_AT_ONCE: Final = 100
_READ: Final = 1000


@dataclass(frozen=True, slots=True)
class ClientAdministration:
    """The owner of an application gets an e-mail when it is disabled, and when it is enabled
    again."""

    registry: Registry
    resources: ResourceRegistry
    notices: OwnerNotices
    admin_log: AdminLog

    def possible_actions(self, client: Client) -> Sequence[ClientAction]:
        """The actions that can be done to the application now."""
        review: ClientAction = "unreview" if client.metadata.reviewed else "review"
        switch: ClientAction = "disable" if client.disabled_at is None else "enable"
        return (review, switch, "delete")

    async def perform(self, action: ClientAction, client: Client, by: Authority) -> None:
        """Record the action, then do it. Raises `InvalidMetadata` and `ChangedMeanwhile`."""
        await self.admin_log.record(
            by, f"client.{action}", client_id=client.id, user_id=client.owner_id, detail=client.name
        )
        match action:
            case "review" | "unreview":
                registration = registration_of(client)
                metadata = replace(registration.metadata, reviewed=action == "review")
                changed = replace(registration, metadata=metadata)
                await self.registry.change(client, changed, by_operator=True)
            case "disable":
                await self.notices.suspended(await self.registry.disable(client))
            case "enable":
                await self.notices.resumed(await self.registry.enable(client))
            case "delete":
                await self.registry.delete(client)

    async def record_client_change(self, client: Client, by: Authority) -> None:
        """Record that a command changes fields of the application, before it does."""
        await self.admin_log.record(
            by, "client.edit", client_id=client.id, user_id=client.owner_id, detail=client.name
        )

    async def record_resource_change(self, resource: Resource, by: Authority) -> None:
        """Record that a command changes fields of the API, before it does."""
        await self.admin_log.record(
            by, "resource.change", user_id=resource.owner_id, detail=resource.identifier
        )

    async def set_verified_domain(self, client: Client, domain: str, by: Authority) -> Client:
        """Record the action, then store the domain that runs the application, "" for none; pages
        show it to people. Raises as `perform`, also for a domain at which it has no address."""
        registration = registration_of(client)
        if domain and not is_of_domain(registration, domain):
            raise InvalidMetadata("verified_domain", "no address of the app is at this domain")
        await self.admin_log.record(
            by,
            "client.verify" if domain else "client.unverify",
            client_id=client.id,
            user_id=client.owner_id,
            detail=f"{client.name}: {domain or client.metadata.verified_domain}",
        )
        metadata = replace(registration.metadata, verified_domain=domain)
        changed = replace(registration, metadata=metadata)
        return await self.registry.change(client, changed, by_operator=True)

    async def set_limits(self, client: Client, tokens: int, requests: int, by: Authority) -> Client:
        """Set the numbers per minute, 0 for none, after they are recorded. Raises as
        `perform`."""
        await self.admin_log.record(
            by,
            "client.limit",
            client_id=client.id,
            user_id=client.owner_id,
            detail=f"{client.name}: {number_of(tokens, 'token')},"
            f" {number_of(requests, 'request')} per minute",
        )
        registration = registration_of(client)
        metadata = replace(
            registration.metadata, tokens_per_minute=tokens, requests_per_minute=requests
        )
        changed = replace(registration, metadata=metadata)
        return await self.registry.change(client, changed, by_operator=True)

    async def perform_on_resource(
        self, action: ResourceAction, resource: Resource, by: Authority
    ) -> None:
        """As `perform`."""
        await self.admin_log.record(
            by, f"resource.{action}", user_id=resource.owner_id, detail=resource.identifier
        )
        if action == "remove":
            await self.resources.delete(resource)
        else:
            await self.resources.change(
                resource,
                resource_registration(resource),
                reviewed=action == "review",
                by_operator=True,
            )

    async def search(
        self, text: str, after: str, limit: int, *, pending: bool = False
    ) -> tuple[Sequence[Client], str | None]:
        """The application with this id, or those whose names begin with this text, by id; and
        where the search goes on, None at the end. One search reads at most 1,000 applications.
        `pending`: only those that registered themselves and were not reviewed."""
        exact = await self.registry.clients.client(text) if text else None
        if exact is not None and (not pending or _is_pending(exact)):
            return [exact], None
        matches: list[Client] = []
        for _ in range(_READ // _AT_ONCE):
            page = await self.registry.clients.clients(after=after, limit=_AT_ONCE)
            for client in page:
                after = client.id
                if pending and not _is_pending(client):
                    continue
                if client.name.casefold().startswith(text.casefold()):
                    matches.append(client)
                if len(matches) == limit:
                    return matches, after
            if len(page) < _AT_ONCE:
                return matches, None
        return matches, after


def _is_pending(client: Client) -> bool:
    itself = client.registration_digest is not None or bool(client.document_host)
    return itself and not client.metadata.reviewed
