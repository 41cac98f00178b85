"""Client authentication (RFC 6749 §2.3): are the credentials those of a registered client?"""

from dataclasses import dataclass
from datetime import datetime

from quantimodo.crypto.digests import digest, same
from quantimodo.model.clients import Client, SecretDigest
from quantimodo.ports.clock import Clock
from quantimodo.ports.stores import ClientStore
from quantimodo.protocol.client_auth import Credentials, read_credentials
from quantimodo.protocol.errors import InvalidClient
from quantimodo.protocol.parameters import Form

_REFUSED = "client authentication failed"
_NOBODY = SecretDigest(bytes(32))


@dataclass(frozen=True, slots=True)
class ClientAuthentication:
    """One read a request: what it says is never older than the request."""

    clients: ClientStore
    clock: Clock

    async def authenticate(self, authorization: str | None, form: Form) -> Client:
        """The client that presents itself. Raises `InvalidClient`, the same for every cause."""
        credentials = read_credentials(authorization, form)
        client = await self.clients.client(credentials.client_id)
        if client is None or client.disabled_at is not None:
            _matches(_NOBODY, credentials, self.clock.now())  # the same work as for a known one
            raise _refusal(credentials, "unknown or disabled client")
        if not self._proves(client, credentials):
            raise _refusal(credentials, "wrong or missing secret")
        return client

    def verifies(self, client: Client, secret: str) -> bool:
        """Whether this is a live secret of the client (contract §5: authorize may carry one)."""
        now, presented = self.clock.now(), digest(secret)
        for slot in (client.secret, client.previous_secret):
            if slot is not None and _alive(slot, now) and same(slot.digest, presented):
                return True
        return False

    def _proves(self, client: Client, credentials: Credentials) -> bool:
        # A public client has no secret; one that sends one anyway is not what it says.
        if client.public or credentials.secret is None:
            return client.public and credentials.secret is None
        return self.verifies(client, credentials.secret.reveal())


def _matches(slot: SecretDigest, credentials: Credentials, now: datetime) -> bool:
    secret = "" if credentials.secret is None else credentials.secret.reveal()
    return _alive(slot, now) and same(slot.digest, digest(secret))


def _alive(slot: SecretDigest, now: datetime) -> bool:
    return slot.expires_at is None or slot.expires_at > now


def _refusal(credentials: Credentials, because: str) -> InvalidClient:
    # RFC 6749 §5.2: tried by the Authorization header, it is answered with the matching challenge.
    challenged = credentials.method == "client_secret_basic"
    return InvalidClient(_REFUSED, challenged=challenged, because=because)
