"""The keys of applications: what they signed, and what is encrypted for them.

From the JWK Set that an application registered, or from its `jwks_uri`, fetched through the guarded
door and remembered for this application: for an hour, and anew for a `kid` that is not in it, at
most every five seconds.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from quantimodo.crypto.encryption import NoKey, encrypt, verify_hmac
from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.crypto.jwt import BadToken, unverified_algorithm, unverified_kid
from quantimodo.crypto.upstream import BadKeySet, UnknownKey, read_key_set, verify
from quantimodo.model.clients import Client
from quantimodo.model.secrets import Secret
from quantimodo.ports.clock import Clock
from quantimodo.ports.document_fetcher import DocumentFetcher, FetchFailed
from quantimodo.protocol.errors import InvalidRequest

SECRET_PURPOSE: Final = "client secret"
_FRESH: Final = timedelta(hours=1)
_AGAIN: Final = timedelta(seconds=5)
_MOST_KEPT: Final = 1000
_LARGEST: Final = 65_536


@dataclass(slots=True)
class _Kept:
    """One application's address: what was there, when, and when somebody looked last."""

    document: Mapping[str, Any] = field(default_factory=dict)
    fetched_at: datetime | None = None
    tried_at: datetime | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class ClientKeys:
    """One for the process."""

    fetcher: DocumentFetcher
    envelope: Envelope
    clock: Clock
    _kept: OrderedDict[tuple[str, str], _Kept] = field(
        default_factory=OrderedDict, init=False, repr=False
    )

    async def verify(
        self, client: Client, token: str, algorithms: Collection[str]
    ) -> dict[str, Any]:
        """The claims of what this client signed, by one of these algorithms. Raises `BadToken`.

        HS256 is by its secret, all others by its public keys. Time, issuer and audience are the
        caller's to check.
        """
        algorithm = unverified_algorithm(token)
        if algorithm is None or algorithm not in algorithms:
            raise BadToken
        if algorithm == "HS256":
            return verify_hmac(token, self._secret(client))
        asymmetric = [name for name in algorithms if name != "HS256"]
        try:
            return _verified(await self._document(client), token, asymmetric)
        except BadToken as fault:
            # OpenID Connect Core §10.1.1: a kid that is new is how keys are rotated; a key alone
            # in its set needs none, and is rotated all the same.
            if not isinstance(fault, UnknownKey) and unverified_kid(token) is not None:
                raise
            return _verified(await self._document(client, again=True), token, asymmetric)

    async def encrypt(
        self, client: Client, payload: str | bytes, alg: str, enc: str, *, cty: str | None
    ) -> str:
        """`payload` for the client's key (RFC 7516). Raises `InvalidRequest` when it has none."""
        data = payload.encode() if isinstance(payload, str) else payload
        try:
            return encrypt(await self._document(client), data, alg, enc, cty=cty)
        except (NoKey, BadToken):
            raise InvalidRequest(
                "the app registered encryption, but no key for it can be found"
            ) from None

    def _secret(self, client: Client) -> Secret:
        if client.sealed_secret is None:
            raise BadToken
        try:
            return Secret(self.envelope.open(client.sealed_secret, SECRET_PURPOSE).decode())
        except DecryptionFailed:
            raise BadToken from None

    async def _document(self, client: Client, *, again: bool = False) -> Mapping[str, Any]:
        if client.metadata.jwks:
            return _object(client.metadata.jwks.encode())
        if not client.metadata.jwks_uri:
            raise BadToken
        return await self._fetched(client.id, client.metadata.jwks_uri, again)

    async def _fetched(self, client_id: str, uri: str, again: bool) -> Mapping[str, Any]:
        # By application: one that registers anew at an old address has keys of its own there.
        place = (client_id, uri)
        kept = self._kept.setdefault(place, _Kept())
        self._kept.move_to_end(place)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        async with kept.lock:
            if self._is_due(kept, again):
                await self._renew(uri, kept)
        if kept.fetched_at is None:
            raise BadToken
        return kept.document

    def _is_due(self, kept: _Kept, again: bool) -> bool:
        now = self.clock.now()
        if kept.tried_at is not None and now - kept.tried_at < _AGAIN:
            return False
        return again or kept.fetched_at is None or now - kept.fetched_at >= _FRESH

    async def _renew(self, uri: str, kept: _Kept) -> None:
        kept.tried_at = self.clock.now()
        try:
            document = _object(await self.fetcher.get(uri, largest=_LARGEST))
        except (FetchFailed, BadToken):
            return  # what was there before is good until there is something newer
        kept.document, kept.fetched_at = document, self.clock.now()


def _verified(
    document: Mapping[str, Any], token: str, algorithms: Collection[str]
) -> dict[str, Any]:
    try:
        return verify(token, read_key_set(document), algorithms).claims
    except BadKeySet as fault:
        raise BadToken from fault


def _object(text: bytes) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as fault:
        raise BadToken from fault
    if not isinstance(found, dict):
        raise BadToken
    return found
