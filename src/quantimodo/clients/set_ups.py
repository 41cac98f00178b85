"""Applies a set-up file: compares its clients and resources with what is registered, and writes
the differences in one transaction, with those of the administrators and the settings.

What is registered and not in the file stays as it is.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

from quantimodo.clients.metadata import with_metadata
from quantimodo.clients.public_keys import SECRET_PURPOSE
from quantimodo.crypto.digests import compare_digest, digest
from quantimodo.crypto.envelope import Envelope
from quantimodo.model.clients import Client, SecretDigest
from quantimodo.model.events import Event
from quantimodo.model.resources import Resource
from quantimodo.model.set_ups import Difference, RoleChanges, SetUpChanges
from quantimodo.model.stored_settings import StoredSettings
from quantimodo.model.users import NewUser, fold_email
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.audit import Audit
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.clock import Clock
from quantimodo.ports.resource_store import ResourceStore
from quantimodo.ports.set_up_store import SetUpStore
from quantimodo.protocol.registration import faults, normalise
from quantimodo.protocol.registration_metadata import is_key, needs_secret
from quantimodo.protocol.resource_registration import identifier_faults, registration_faults
from quantimodo.protocol.set_up_entries import (
    ClientEntry,
    Entries,
    ResourceEntry,
    client_entry,
    resource_entry,
)

SECRET_OVERLAP: Final = timedelta(days=1)
"""How long the previous secret of a client still works after the file names another one."""
_SHORTEST_SECRET, _LONGEST_SECRET = 32, 200
_MOST_NAMES: Final = 20


class InvalidSetUp(Exception):
    """The file cannot be applied; `faults` has a line for each reason, without values."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


@dataclass(slots=True)
class Plan:
    """What an application would do. `settings` replace all that are stored; None: no change."""

    roles: RoleChanges = field(default_factory=RoleChanges)
    faults: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    clients: list[tuple[Client | None, Client]] = field(default_factory=list)
    resources: list[tuple[Resource | None, Resource]] = field(default_factory=list)
    settings: StoredSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUpService:
    """Compares and writes. `own` is the identifier of this server's API."""

    own: str
    clients: ClientStore
    resources: ResourceStore
    users: UserStore
    set_ups: SetUpStore
    envelope: Envelope
    clock: Clock
    audit: Audit

    async def plan(
        self, entries: Entries, resolve: Callable[[str], str], roles: RoleChanges
    ) -> Plan:
        """The differences, with those of `roles`. `resolve` returns the secret of a reference, or
        raises `LookupError` with the reason. Raises `InvalidSetUp` with all faults."""
        plan = Plan(roles, list(roles.faults), list(roles.differences))
        plan.faults += _repeated("clients", [each.client_id for each in entries.clients])
        plan.faults += _repeated("resources", [each.identifier for each in entries.resources])
        for entry in entries.clients:
            await self._plan_client(plan, entry, resolve)
        for resource in entries.resources:
            await self._plan_resource(plan, resource)
        if plan.faults:
            raise InvalidSetUp(plan.faults)
        return plan

    async def apply(self, plan: Plan) -> None:
        """Write it all, or nothing. Raises `Conflict` when something was changed meanwhile."""
        roles = plan.roles
        people = await self.set_ups.apply_set_up(
            SetUpChanges(
                promoted=tuple(user.id for user in roles.promoted),
                demoted=tuple(user.id for user in roles.demoted),
                new_people=tuple(roles.new_people),
                new_clients=tuple(after for before, after in plan.clients if before is None),
                changed_clients=tuple(after for before, after in plan.clients if before),
                new_resources=tuple(after for before, after in plan.resources if before is None),
                changed_resources=tuple(after for before, after in plan.resources if before),
                settings=plan.settings,
            )
        )
        for user_id in people:
            self._record("account.created", user_id)
        for user_id in (*(user.id for user in roles.promoted), *people):
            self._record("administrator.added", user_id)
        for user in roles.demoted:
            self._record("administrator.removed", user.id)
        for before, client in plan.clients:
            owner_id = _owner_id(client.owner_id, people)
            kind, action = ("registered", "registered") if before is None else ("edited", "changed")
            detail = f"app {client.name}: {action}"
            self._record(f"client.{kind}", owner_id, client.id, detail)
        for earlier, resource in plan.resources:
            action = "registered" if earlier is None else "changed"
            detail = f"API {resource.name}: {action}"
            self._record(f"resource.{action}", _owner_id(resource.owner_id, people), None, detail)
        if plan.settings is not None:
            self._record("settings.changed", None, None, settings_detail(plan.differences))

    async def _plan_client(
        self, plan: Plan, entry: ClientEntry, resolve: Callable[[str], str]
    ) -> None:
        label = f"client {entry.client_id}"
        now, requested = self.clock.now(), normalise(entry.registration)
        plan.faults += [f"{label}: {each.field}: {each.message}" for each in faults(requested)]
        stored = await self.clients.client(entry.client_id)
        owner_id = await self._owner(plan, label, entry.owner)
        before = stored or Client(id=entry.client_id, name="", created_at=now)
        after = replace(with_metadata(before, requested), owner_id=owner_id)
        if entry.disabled != (before.disabled_at is not None):
            after = replace(after, disabled_at=now if entry.disabled else None)
        try:
            after = self._with_secret(after, entry.secret, resolve)
        except LookupError as fault:
            plan.faults.append(f"{label}: client_secret: {fault.args[0]}")
        # By their tables: texts of JSON may be formatted in another way.
        earlier = None if stored is None else await self._client_table(stored)
        table = await self._client_table(after, plan.roles.new_people)
        if after.secret != before.secret or after.sealed_secret != before.sealed_secret:
            table["client_secret"] = "another one"
        if table != earlier:
            plan.clients.append((stored, after))
            plan.differences.append(Difference("client", entry.client_id, earlier, table))

    def _with_secret(self, client: Client, reference: str, resolve: Callable[[str], str]) -> Client:
        if client.public or not needs_secret(client.metadata):
            if reference:
                raise LookupError("this client has no secret: leave it out")
            if not client.public:
                return client
            return replace(client, secret=None, previous_secret=None, sealed_secret=None)
        if not reference:
            if client.secret is None or (is_key(client.metadata) and not client.sealed_secret):
                raise LookupError('name the secret: "env:NAME" or "file:PATH"')
            return client
        text = resolve(reference)
        if not _SHORTEST_SECRET <= len(text) <= _LONGEST_SECRET or not _is_plain(text):
            raise LookupError(
                f"must have {_SHORTEST_SECRET} to {_LONGEST_SECRET} random ASCII characters"
            )
        key = is_key(client.metadata)
        if client.secret is not None and compare_digest(client.secret.digest, digest(text)):
            if key == (client.sealed_secret is not None):
                return client
            previous = client.previous_secret
        elif client.secret is None:
            previous = None
        else:
            previous = replace(client.secret, expires_at=self.clock.now() + SECRET_OVERLAP)
        sealed = self.envelope.seal(text.encode(), SECRET_PURPOSE) if key else None
        return replace(
            client,
            secret=SecretDigest(digest(text)),
            previous_secret=previous,
            sealed_secret=sealed,
        )

    async def _plan_resource(self, plan: Plan, entry: ResourceEntry) -> None:
        label = f"resource {entry.identifier}"
        plan.faults += [
            f"{label}: {each.field}: {each.message}"
            for each in (
                *identifier_faults(entry.identifier, self.own, by_operator=True),
                *registration_faults(entry.registration),
            )
        ]
        stored = await self.resources.resource(entry.identifier)
        owner_id = await self._owner(plan, label, entry.owner)
        before = stored or Resource(
            id=0, identifier=entry.identifier, name="", created_at=self.clock.now()
        )
        registration = entry.registration
        after = replace(
            before,
            **{name: getattr(registration, name) for name in registration.__dataclass_fields__},
            owner_id=owner_id,
            reviewed=entry.reviewed,
        )
        plan.faults += [f"{label}: {each}" for each in await self._client_faults(plan, after)]
        if after != stored:
            plan.resources.append((stored, after))
            earlier = None if stored is None else await self._resource_table(stored)
            table = await self._resource_table(after, plan.roles.new_people)
            plan.differences.append(Difference("resource", entry.identifier, earlier, table))

    async def _client_faults(self, plan: Plan, resource: Resource) -> list[str]:
        """The rules of `ResourceRegistry`, for the clients as they are after the application."""
        planned = {after.id: after for _, after in plan.clients}
        messages = []
        for name, ids in (
            ("clients", resource.clients),
            ("introspected_by", resource.introspected_by),
        ):
            for client_id in sorted(ids):
                client = planned.get(client_id) or await self.clients.client(client_id)
                if client is None:
                    messages.append(f"{name}: there is no app with one of these ids")
                elif name == "introspected_by" and (
                    client.public or client.owner_id != resource.owner_id
                ):
                    messages.append(f"{name}: each must be a confidential app of the same owner")
        return messages

    async def _owner(self, plan: Plan, label: str, email: str) -> int | None:
        if not email:
            return None
        for number, person in enumerate(plan.roles.new_people, 1):
            if fold_email(email) == fold_email(person.email or ""):
                return -number  # as `SetUpChanges` says
        user = await self.users.user_by_email(email)
        if user is None:
            plan.faults.append(f"{label}: owner: no account has this e-mail address")
            return None
        return user.id

    async def _client_table(self, client: Client, new: Sequence[NewUser] = ()) -> dict[str, Any]:
        return client_entry(client, await self._email_of(client.owner_id, new))

    async def _resource_table(
        self, resource: Resource, new: Sequence[NewUser] = ()
    ) -> dict[str, Any]:
        return resource_entry(resource, await self._email_of(resource.owner_id, new))

    async def _email_of(self, owner_id: int | None, new: Sequence[NewUser]) -> str:
        """The e-mail address of an owner, who may be one of these new people; empty without one."""
        if owner_id is not None and owner_id < 0:
            return new[-owner_id - 1].email or ""
        user = None if owner_id is None else await self.users.user(owner_id)
        return "" if user is None else user.email or ""

    async def export(self) -> dict[str, list[dict[str, Any]]]:
        """All clients and resources as tables of a file, without secrets. Clients of metadata
        documents are left out: their documents describe them."""
        tables, after = [], ""
        while page := await self.clients.clients(after=after):
            tables += [await self._client_table(each) for each in page if not each.document_host]
            after = page[-1].id
        stored = await self.resources.resources()
        resources = [await self._resource_table(each) for each in stored]
        return {"clients": tables, "resources": resources}

    def _record(
        self, kind: str, user_id: int | None, client_id: str | None = None, detail: str = ""
    ) -> None:
        at = self.clock.now()
        self.audit.record(
            Event(at=at, kind=kind, user_id=user_id, client_id=client_id, detail=detail)
        )


def settings_detail(differences: Sequence[Difference]) -> str:
    """The providers and policies among them, for the records: names, no values."""
    names = [each.name for each in differences if each.what in ("provider", "policy")]
    rest = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + rest


def _owner_id(owner_id: int | None, people: Sequence[int]) -> int | None:
    return people[-owner_id - 1] if owner_id is not None and owner_id < 0 else owner_id


def _repeated(kind: str, names: Sequence[str]) -> Iterator[str]:
    for name in sorted({each for each in names if names.count(each) > 1}):
        yield f"{kind}: {name} is there twice"


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text
