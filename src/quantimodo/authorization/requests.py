"""Authorization requests that wait for a person (security.md 10).

A request is stored once, immutable; later steps carry its id and can change nothing of it. Which
step is next is `protocol/prompts.py`; pages and answers are `endpoints/authorize.py`.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from quantimodo.crypto.tokens import Kind, key_of, mint
from quantimodo.model.consents import StoredRequest
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.stores import AuthorizationStore
from quantimodo.protocol.authorization import PARAMETERS
from quantimodo.protocol.parameters import Form

RESUME: Final = "/api/v2/oauth/authorize/resume"

# Long enough to find the phone with the second factor, or to open a mail.
_LIFETIME: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class WaitingRequests:
    store: AuthorizationStore
    clock: Clock
    entropy: Entropy

    async def keep(self, client_id: str, form: Form) -> str:
        """Store the parameters that are heeded; the id under which to `recall` them."""
        now = self.clock.now()
        minted = mint(Kind.REQUEST, now, self.entropy)
        parameters = tuple((name, text) for name, text in form.items() if name in PARAMETERS)
        await self.store.save_request(
            StoredRequest(
                key=minted.key,
                client_id=client_id,
                parameters=parameters,
                created_at=now,
                expires_at=now + _LIFETIME,
            )
        )
        return minted.raw.reveal()

    async def recall(self, request_id: str) -> StoredRequest | None:
        """The request, unless it was answered or has expired."""
        key = key_of(Kind.REQUEST, request_id)
        found = None if key is None else await self.store.request(key)
        return None if found is None or found.expires_at <= self.clock.now() else found

    async def close(self, stored: StoredRequest) -> bool:
        """End it, whatever the answer; True for the one caller that may give it."""
        return await self.store.drop_request(stored.key)


def resume_path(request_id: str) -> str:
    """The local address at which the request goes on."""
    return f"{RESUME}?request={request_id}"


def switch_path(request_id: str) -> str:
    """The local address at which it goes on with another account, whoever it was for."""
    return f"{resume_path(request_id)}&switch=1"
