"""Authorization requests that wait for a person (security.md §10).

A request is stored once, immutable; later steps carry its id and can change nothing of it. Which
step is next is `protocol/prompts.py`; pages and answers are `endpoints/authorize.py`.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import msgspec

from quantimodo.crypto.digests import digest
from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.crypto.tokens import Kind, key_of, mint
from quantimodo.model.budgets import Charge
from quantimodo.model.consents import StoredRequest
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.stores import AuthorizationStore
from quantimodo.protocol.authorization import PARAMETERS
from quantimodo.protocol.errors import InvalidRequest
from quantimodo.protocol.parameters import Form

RESUME: Final = "/api/v2/oauth/authorize/resume"

LARGEST: Final = 16_384  # bytes of the parameters that wait
# Long enough to find the phone with the second factor, or to open a mail.
_LIFETIME: Final = timedelta(hours=1)
# How long an answer can be had again: as long as a code lives (v2-api.md §6).
_REPEATABLE: Final = timedelta(seconds=60)
# How often, and how many seconds apart, a second request looks for the answer of the first one.
_LOOKS: Final = 100
_PAUSE: Final = 0.03


class SentAnswer(msgspec.Struct, frozen=True):
    """What went to the client: `watched` tells that it brought a `session_state`."""

    redirect_uri: str
    mode: str
    parameters: list[tuple[str, str]]
    watched: bool = False

    def __repr__(self) -> str:
        return "SentAnswer(…)"


@dataclass(frozen=True, slots=True)
class WaitingRequests:
    store: AuthorizationStore
    envelope: Envelope = field(repr=False)
    clock: Clock
    entropy: Entropy

    async def save(self, client_id: str, form: Form, charge: Charge | None = None) -> str:
        """Store the parameters that are heeded; the id under which to `recall` them.

        Raises `InvalidRequest` when they have more than 16 KiB.
        """
        now = self.clock.now()
        minted = mint(Kind.REQUEST, now, self.entropy)
        parameters = tuple((name, text) for name, text in form.items() if name in PARAMETERS)
        if sum(len(name) + len(text.encode()) for name, text in parameters) > LARGEST:
            raise InvalidRequest("the parameters of the request are too long together")
        request = StoredRequest(
            key=minted.key,
            client_id=client_id,
            parameters=parameters,
            created_at=now,
            expires_at=now + _LIFETIME,
        )
        await self.store.save_request(request, charge)
        return minted.raw.reveal()

    async def recall(self, request_id: str) -> StoredRequest | None:
        """The request, unless it has expired; one that is answered is there a minute longer."""
        key = key_of(Kind.REQUEST, request_id)
        found = None if key is None else await self.store.request(key)
        return None if found is None or found.expires_at <= self.clock.now() else found

    async def claim(self, stored: StoredRequest, holder: str) -> bool:
        """Decide it for this holder; True for the one caller that may answer, and then has to
        keep the answer by `keep_answer`. `holder` names a person in a browser."""
        until = self.clock.now() + _REPEATABLE
        return await self.store.claim_request(stored.key, digest(holder), until)

    async def keep_answer(self, stored: StoredRequest, answer: SentAnswer) -> None:
        """Keep what went to the client, encrypted, until the request is swept."""
        text = msgspec.json.encode(answer)
        await self.store.answer_request(stored.key, self.envelope.seal(text, _purpose(stored.key)))

    async def answer(self, key: bytes, holders: Iterable[str]) -> SentAnswer | None:
        """What a claimed request was answered with, if it was for one of these holders. Waits a
        few seconds for a caller that is about to answer it."""
        digests = frozenset(map(digest, holders))
        for _ in range(_LOOKS):
            found = await self.store.request(key)
            if found is None or found.expires_at <= self.clock.now():
                return None
            if found.claimed_by not in digests:
                return None
            if found.answer is not None:
                return self._opened(found.answer, key)
            await asyncio.sleep(_PAUSE)
        return None

    def _opened(self, sealed: bytes, key: bytes) -> SentAnswer | None:
        try:
            return msgspec.json.decode(self.envelope.open(sealed, _purpose(key)), type=SentAnswer)
        except DecryptionFailed:
            return None

    async def close(self, stored: StoredRequest) -> bool:
        """End it, whatever the answer; True for the one caller that may give it."""
        return await self.store.drop_request(stored.key)


def _purpose(key: bytes) -> str:
    return f"answer of the authorization request {key.hex()}"


def resume_path(request_id: str) -> str:
    """The local address at which the request goes on."""
    return f"{RESUME}?request={request_id}"


def switch_path(request_id: str) -> str:
    """The local address at which it goes on with another account, whoever it was for."""
    return f"{resume_path(request_id)}&switch=1"
