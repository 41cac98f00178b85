"""Stored authorization requests (security.md §10), pushed ones included (RFC 9126).

A request is stored once, immutable; later steps carry its id and cannot change it. The steps are in
`steps/`; pages and responses are in `endpoints/`. The id of a pushed request is the secret part of
its `request_uri`; its first page keeps it as long as other requests.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import msgspec

from quantimodo.authorization.interactions import (
    PolledChannels,
    RedirectResponse,
    ResponseChannel,
)
from quantimodo.crypto.digests import digest
from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.crypto.tokens import Kind, key_of, mint
from quantimodo.model.budgets import Charge
from quantimodo.model.consents import StoredRequest
from quantimodo.model.tokens import PolledCode
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.grant_stores import AuthorizationStore
from quantimodo.protocol.authorization import PARAMETERS
from quantimodo.protocol.errors import InvalidRequest, InvalidRequestUri
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.security_profile_requests import SIGNED

RESUME: Final = "/api/v2/oauth/authorize/resume"

REQUEST_URI: Final = "urn:ietf:params:oauth:request_uri:"
"""How the `request_uri` of a pushed request begins (RFC 9126 §2.2)."""

LARGEST: Final = 16_384  # bytes of the stored parameters
# Long enough to find the phone with the second factor, or to open an e-mail.
_LIFETIME: Final = timedelta(hours=1)
# How long a response can be repeated: as long as a code lives (v2-api.md §6).
_REPEATABLE: Final = timedelta(seconds=60)
# How often, and at what interval in seconds, a second request looks for the first one's response.
_LOOKS: Final = 100
_PAUSE: Final = 0.03


class SentResponse(msgspec.Struct, frozen=True):
    """The response that the client got. `watched`: it has a `session_state`."""

    redirect_uri: str
    mode: str
    parameters: list[tuple[str, str]]
    watched: bool = False

    def __repr__(self) -> str:
        return "SentResponse(…)"


@dataclass(frozen=True, slots=True)
class StoredRequests:
    """`polled` has the channels of requests whose applications poll."""

    store: AuthorizationStore
    polled: Sequence[PolledChannels]
    envelope: Envelope = field(repr=False)
    clock: Clock
    entropy: Entropy

    async def add(self, client_id: str, form: Form, charge: Charge | None = None) -> str:
        """Store the recognised parameters; returns the id for `find`.

        Raises `InvalidRequest` when they have more than 16 KiB.
        """
        return await self._add(Kind.REQUEST, client_id, form, _LIFETIME, charge)

    async def push(self, client_id: str, form: Form, lifetime: timedelta, charge: Charge) -> str:
        """Store a pushed request for this long; returns its `request_uri`. Raises as `add`."""
        kind = Kind.PUSHED_REQUEST
        return REQUEST_URI + await self._add(kind, client_id, form, lifetime, charge)

    async def add_polled(
        self,
        client_id: str,
        parameters: tuple[tuple[str, str], ...],
        code: PolledCode,
        charge: Charge,
    ) -> str:
        """Store a request whose application polls with this code, for the steps of its person;
        returns the id for `find`."""
        now = self.clock.now()
        minted = mint(Kind.REQUEST, now, self.entropy)
        request = StoredRequest(
            key=minted.key,
            client_id=client_id,
            parameters=parameters,
            created_at=now,
            expires_at=min(now + _LIFETIME, code.expires_at),
            polled=code.key,
        )
        await self.store.add_request(request, charge)
        return minted.raw.reveal()

    async def channel_of(self, stored: StoredRequest) -> ResponseChannel | None:
        """How a stored request is answered; None when its application does not wait any more."""
        if stored.polled is None:
            return RedirectResponse()
        for channels in self.polled:
            channel = await channels.of(stored.polled)
            if channel is not None:
                return channel
        return None

    async def _add(
        self, kind: Kind, client_id: str, form: Form, lifetime: timedelta, charge: Charge | None
    ) -> str:
        now = self.clock.now()
        minted = mint(kind, now, self.entropy)
        kept = PARAMETERS | {SIGNED}
        parameters = tuple((name, text) for name, text in form.items() if name in kept)
        if sum(len(name) + len(text.encode()) for name, text in parameters) > LARGEST:
            raise InvalidRequest(
                "the parameters of the request are too long together", refusal="request_too_long"
            )
        request = StoredRequest(
            key=minted.key,
            client_id=client_id,
            parameters=parameters,
            created_at=now,
            expires_at=now + lifetime,
        )
        await self.store.add_request(request, charge)
        return minted.raw.reveal()

    async def find(self, request_id: str) -> StoredRequest | None:
        """The request, unless it has expired. After the response it is kept for a minute."""
        key = key_of(Kind.REQUEST, request_id) or key_of(Kind.PUSHED_REQUEST, request_id)
        found = None if key is None else await self.store.request(key)
        return None if found is None or found.expires_at <= self.clock.now() else found

    async def find_pushed(
        self, request_uri: str, client_id: str, lifetime: timedelta
    ) -> StoredRequest:
        """The request that this client pushed less than `lifetime` ago, and that has no response
        yet (RFC 9126 §2.2, §7.3). Raises `InvalidRequestUri`, the same for every cause."""
        key = key_of(Kind.PUSHED_REQUEST, request_uri.removeprefix(REQUEST_URI))
        found = None if key is None else await self.store.request(key)
        if (
            found is None
            or found.client_id != client_id
            or found.claimed_by is not None
            or min(found.expires_at, found.created_at + lifetime) <= self.clock.now()
        ):
            raise InvalidRequestUri(
                "request_uri is unknown, used, expired, or another app's: push the request again",
                refusal="request_uri_not_usable",
            )
        return found

    async def extend(self, stored: StoredRequest) -> None:
        """Keep a pushed request for its person's steps, as long as other requests."""
        await self.store.extend_request(stored.key, self.clock.now() + _LIFETIME)

    async def claim(self, stored: StoredRequest, holder: str) -> bool:
        """Claim it for this holder: True for the one caller that may respond, which must then call
        `store_response`. `holder` names a person in a browser."""
        until = self.clock.now() + _REPEATABLE
        return await self.store.claim_request(stored.key, digest(holder), until)

    async def store_response(self, stored: StoredRequest, response: SentResponse) -> None:
        """Store what the client got, encrypted, until the request is deleted."""
        text = msgspec.json.encode(response)
        await self.store.set_response(stored.key, self.envelope.seal(text, _purpose(stored.key)))

    async def response(self, key: bytes, holders: Iterable[str]) -> SentResponse | None:
        """The response to a claimed request, if it was for one of these holders. Waits a few
        seconds for the caller that claimed it."""
        digests = frozenset(map(digest, holders))
        for _ in range(_LOOKS):
            found = await self.store.request(key)
            if found is None or found.expires_at <= self.clock.now():
                return None
            if found.claimed_by not in digests:
                return None
            if found.response is not None:
                return self._opened(found.response, key)
            await asyncio.sleep(_PAUSE)
        return None

    def _opened(self, sealed: bytes, key: bytes) -> SentResponse | None:
        try:
            return msgspec.json.decode(self.envelope.open(sealed, _purpose(key)), type=SentResponse)
        except DecryptionFailed:
            return None

    async def close(self, stored: StoredRequest) -> bool:
        """Delete it, unless it is claimed; True for the one caller that deleted it."""
        return await self.store.delete_request(stored.key)


def _purpose(key: bytes) -> str:
    return f"response to the authorization request {key.hex()}"


def resume_path(request_id: str) -> str:
    """The local address at which the dispatcher continues with the request."""
    return f"{RESUME}?request={request_id}"


def switch_path(request_id: str) -> str:
    """The local address at which it continues with another account."""
    return f"{resume_path(request_id)}&switch=1"
