"""The registry of applications: the service behind the developer portal and `quantimodo clients`.

Owns ids, secrets, who owns what, and the record of changes. What an application may be is decided
by `protocol/registration.py`; how it proves itself later, by `clients/authentication.py`.
"""

from base64 import b32encode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from quantimodo.clients import logos
from quantimodo.clients.errors import ChangedMeanwhile, InvalidMetadata
from quantimodo.clients.metadata import check_metadata, with_metadata
from quantimodo.clients.public_keys import SECRET_PURPOSE
from quantimodo.clients.reserved_names import NO_NAMES, ReservedNames, name_faults
from quantimodo.crypto.digests import digest
from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.model.budgets import Charge
from quantimodo.model.client_members import MOST_OWNED
from quantimodo.model.clients import Client, Logo, SecretDigest
from quantimodo.model.events import Event
from quantimodo.model.secrets import Secret
from quantimodo.ports.audit import Audit
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.stores import BudgetExceeded
from quantimodo.protocol.registration import (
    Fault,
    Registration,
    normalise,
    privileges,
    with_privileges_of,
    with_settings_of,
)
from quantimodo.protocol.registration_metadata import is_key, needs_secret

__all__ = ["LONGEST_OVERLAP", "RegisteredClient", "Registration", "Registry"]

SECRET_PREFIX = "qms_"
LONGEST_OVERLAP = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class RegisteredClient:
    """An application and, this one time, its new secret; None when it is public."""

    client: Client
    secret: Secret | None


@dataclass(frozen=True, slots=True)
class Registry:
    """Registers, edits and deletes applications. `by_operator` means: not limited to what a person
    may do in the portal."""

    clients: ClientStore
    clock: Clock
    entropy: Entropy
    audit: Audit
    envelope: Envelope
    reserved: ReservedNames = NO_NAMES

    async def register(
        self, registration: Registration, *, owner_id: int | None, by_operator: bool = False
    ) -> RegisteredClient:
        """Add an application. Raises `InvalidMetadata`."""
        requested = normalise(registration)
        check_metadata(
            requested,
            () if by_operator else (*privileges(requested), *await self._reserved(requested)),
        )
        added = self._new_client(requested, owner_id)
        try:
            most_owned = None if by_operator else MOST_OWNED
            await self.clients.add_client(added.client, most_owned=most_owned)
        except BudgetExceeded:
            text = f"you have {MOST_OWNED} apps already: delete one to register another"
            raise InvalidMetadata("name", text) from None
        self._record(added.client, "client.registered", "registered")
        return added

    async def register_itself(
        self,
        registration: Registration,
        token: bytes,
        *,
        network: bytes | None = None,
        delete_if_unused_at: datetime | None,
        charge: Charge | None = None,
    ) -> RegisteredClient:
        """Add an application that registers itself (RFC 7591). `token`: the digest of what it will
        manage itself by; `network`: a keyed digest of the network that it registers from;
        `delete_if_unused_at` and `charge` as in the store. Raises `InvalidMetadata`,
        `BudgetExceeded`."""
        requested = normalise(registration)
        check_metadata(requested, await self._reserved(requested))
        added = self._new_client(requested, None, token, network)
        await self.clients.add_client(added.client, delete_if_unused_at, charge)
        self._record(added.client, "client.registered", "registered")
        return added

    def _new_client(
        self,
        requested: Registration,
        owner_id: int | None,
        token: bytes | None = None,
        network: bytes | None = None,
    ) -> RegisteredClient:
        secret = None
        if not requested.public and needs_secret(requested.metadata):
            secret = self._new_secret()
        bare = Client(
            id=self._new_id(),
            name=requested.name,
            created_at=self.clock.now(),
            owner_id=owner_id,
            secret=_digest(secret),
            sealed_secret=self._sealed(requested, secret),
            registration_digest=token,
            registered_from=network,
        )
        return RegisteredClient(with_metadata(bare, requested), secret)

    async def change(
        self, client: Client, registration: Registration, *, by_operator: bool = False
    ) -> Client:
        """Replace what was registered. Raises `InvalidMetadata`, `ChangedMeanwhile`.

        What only the operator may give is kept as it is, unless by the operator. An application
        that becomes public loses its secrets; one that ceases to be has none until
        `rotate_secret`.
        """
        requested = normalise(
            registration if by_operator else with_privileges_of(client, registration)
        )
        check_metadata(requested, () if by_operator else await self._reserved(requested, client))
        edited = with_metadata(client, requested)
        if edited.public:
            edited = replace(edited, secret=None, previous_secret=None, sealed_secret=None)
        return await self._replace(edited, "client.edited", "changed")

    async def change_itself(
        self, client: Client, registration: Registration, charge: Charge | None = None
    ) -> RegisteredClient:
        """Replace what an application registered for itself; it gets a secret if it needs one
        and has none. Raises `InvalidMetadata`, `ChangedMeanwhile`, `BudgetExceeded`."""
        requested = normalise(with_settings_of(client, registration))
        check_metadata(requested, await self._reserved(requested, client))
        edited, secret = with_metadata(client, requested), None
        if requested.public or not needs_secret(requested.metadata):
            edited = replace(edited, secret=None, previous_secret=None, sealed_secret=None)
        elif client.secret is None or (is_key(requested.metadata) and client.sealed_secret is None):
            secret = self._new_secret()
            edited = replace(
                edited, secret=_digest(secret), sealed_secret=self._sealed(requested, secret)
            )
        replaced = await self._replace(edited, "client.edited", "changed", charge)
        return RegisteredClient(replaced, secret)

    async def check(self, registration: Registration, client: Client | None = None) -> None:
        """Raises `InvalidMetadata` for what an application could not register for itself, before
        anything is done. `client`: what it is now."""
        requested = normalise(registration)
        check_metadata(requested, await self._reserved(requested, client))

    async def rotate_secret(self, client: Client, *, overlap: timedelta) -> RegisteredClient:
        """Give it a new secret; the previous one works for `overlap` more, any older one ends now.

        Raises `InvalidMetadata`, `ChangedMeanwhile`.
        """
        if client.public:
            raise InvalidMetadata("public", "a public app has no secret to rotate")
        if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
            raise InvalidMetadata("overlap", f"may be 0 to {LONGEST_OVERLAP.days} days")
        secret = self._new_secret()
        rotated = replace(
            client,
            secret=_digest(secret),
            previous_secret=self._outgoing(client, overlap),
            sealed_secret=self._sealed(client, secret),
        )
        replaced = await self._replace(rotated, "client.secret_rotated", "given a new secret")
        return RegisteredClient(replaced, secret)

    async def reseal(self) -> None:
        """Encrypt all stored client secrets again, under the first of the server's secret keys.
        Afterwards they do not need the other keys."""
        after = ""
        while page := await self.clients.clients(after=after):
            for client in page:
                await self._reseal(client)
            after = page[-1].id

    async def disable(self, client: Client) -> Client:
        """Refuse the application, its secret and its tokens from the next request on; nothing is
        deleted. Raises `ChangedMeanwhile`."""
        disabled = replace(client, disabled_at=self.clock.now())
        return await self._replace(disabled, "client.disabled", "disabled")

    async def enable(self, client: Client) -> Client:
        """Accept a disabled application again. Raises `ChangedMeanwhile`."""
        return await self._replace(replace(client, disabled_at=None), "client.enabled", "enabled")

    async def delete(self, client: Client) -> None:
        """Delete it with all consents; its codes and tokens end at once."""
        if await self.clients.delete_client(client.id):
            self._record(client, "client.deleted", "deleted")

    async def owned(self, owner_id: int) -> Sequence[Client]:
        """The applications of one person, the oldest first."""
        owned: list[Client] = []
        while page := await self.clients.clients(
            owner_id=owner_id, after=owned[-1].id if owned else "", limit=100
        ):
            owned.extend(page)
        return sorted(owned, key=lambda client: (client.created_at, client.id))

    async def set_logo(
        self,
        client: Client,
        data: bytes | None,
        charge: Charge | None = None,
        *,
        by_operator: bool = False,
        localized: Mapping[str, Logo] | None = None,
    ) -> None:
        """Store a picture, or (None) delete it, and with `localized` those for a language. Another
        picture ends the operator's marks, unless it is by the operator. Raises `InvalidMetadata`,
        `ChangedMeanwhile`, `BudgetExceeded`."""
        logo = None if data is None else logos.parse_logo(data)
        if (client.metadata.reviewed or client.metadata.verified_domain) and not by_operator:
            same = localized is None or localized == await self.clients.localized_logos(client.id)
            if same and logo == await self.clients.logo(client.id):
                return
            metadata = replace(client.metadata, reviewed=False, verified_domain="")
            await self._replace(replace(client, metadata=metadata), "client.edited", "changed")
        await self.clients.set_logo(client.id, logo, charge, localized)
        self._record(client, "client.logo_changed", "given a new logo" if logo else "logo dropped")

    async def _reserved(
        self, requested: Registration, client: Client | None = None
    ) -> Sequence[Fault]:
        return await name_faults(self.reserved, self.clients, requested, client)

    async def _replace(
        self, client: Client, kind: str, action: str, charge: Charge | None = None
    ) -> Client:
        if not await self.clients.replace_client(client, charge):
            raise ChangedMeanwhile
        self._record(client, kind, action)
        return replace(client, revision=client.revision + 1)

    def _outgoing(self, client: Client, overlap: timedelta) -> SecretDigest | None:
        if client.secret is None or not overlap:
            return None
        return replace(client.secret, expires_at=self.clock.now() + overlap)

    async def _reseal(self, client: Client | None) -> None:
        while client is not None and client.sealed_secret is not None:
            try:
                secret = self.envelope.open(client.sealed_secret, SECRET_PURPOSE)
            except DecryptionFailed:
                return  # by a key that is gone: the app needs another secret
            again = replace(client, sealed_secret=self.envelope.seal(secret, SECRET_PURPOSE))
            if await self.clients.replace_client(again):
                return
            client = await self.clients.client(client.id)

    def _sealed(self, requested: Registration | Client, secret: Secret | None) -> bytes | None:
        """The secret, encrypted, for a client that is registered to use it as a key (HMAC)."""
        if secret is None or not is_key(requested.metadata):
            return None
        return self.envelope.seal(secret.reveal().encode(), SECRET_PURPOSE)

    def _new_id(self) -> str:
        return b32encode(self.entropy.bytes(10)).decode().lower()

    def _new_secret(self) -> Secret:
        return Secret(SECRET_PREFIX + urlsafe_b64encode(self.entropy.bytes(32)).decode()[:-1])

    def _record(self, client: Client, kind: str, action: str) -> None:
        now, detail = self.clock.now(), f"app {client.name}: {action}"
        self.audit.record(
            Event(at=now, kind=kind, user_id=client.owner_id, client_id=client.id, detail=detail)
        )


def _digest(secret: Secret | None) -> SecretDigest | None:
    return None if secret is None else SecretDigest(digest(secret.reveal()))
