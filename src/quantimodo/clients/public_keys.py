"""The keys of clients: verification of what they signed, and encryption for them.

They come from the JWK Set that a client registered, or from its `jwks_uri` (`key_documents.py`).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from quantimodo.clients.key_documents import KeyDocuments
from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.crypto.jwe_encryption import NoKey, encrypt, verify_hmac
from quantimodo.crypto.jwt import BadToken, unverified_algorithm, unverified_kid
from quantimodo.crypto.provider_tokens import BadKeySet, UnknownKey, parse_key_set, verify
from quantimodo.model.clients import Client
from quantimodo.model.secrets import Secret
from quantimodo.protocol.errors import InvalidRequest
from quantimodo.protocol.key_strength import weak_keys, weakness

_MOST_KEYS: Final = 64
SECRET_PURPOSE: Final = "client secret"


class WeakKey(BadToken):
    """No key verifies the token, and one of the client's keys is too weak to be used. The message
    names it for the log."""


@dataclass(frozen=True, slots=True)
class ClientKeys:
    """Verifies with, and encrypts for, the keys of clients."""

    documents: KeyDocuments
    envelope: Envelope

    async def verify(
        self, client: Client, token: str, algorithms: Collection[str]
    ) -> dict[str, Any]:
        """The claims of a JWT that this client signed with one of these algorithms. Raises
        `BadToken`.

        HS256 uses the client's secret, all other algorithms its public keys. The caller checks
        time, issuer and audience.
        """
        algorithm = unverified_algorithm(token)
        if algorithm is None or algorithm not in algorithms:
            raise BadToken
        if algorithm == "HS256":
            return verify_hmac(token, self._secret(client))
        asymmetric = [name for name in algorithms if name != "HS256"]
        document = await self._document(client)
        try:
            return _verified(document, token, asymmetric)
        except BadToken as fault:
            # OpenID Connect Core §10.1.1: an unknown kid means that the client rotated its keys. A
            # single key in a set may have no kid, and is rotated too.
            if not isinstance(fault, UnknownKey) and unverified_kid(token) is not None:
                raise _with_weak_key(fault, document) from None
        newest = await self._document(client, again=True)
        try:
            return _verified(newest, token, asymmetric)
        except BadToken as fault:
            raise _with_weak_key(fault, newest) from None

    async def has_key(self, client: Client, matches: Callable[[Mapping[str, Any]], bool]) -> bool:
        """Whether one of the client's registered keys fits. They are fetched again before the
        result is no, as for a signature."""
        for again in (False, True):
            try:
                listed = (await self._document(client, again=again)).get("keys")
            except BadToken:
                return False
            keys = listed[:_MOST_KEYS] if isinstance(listed, list) else []
            usable = [key for key in keys if isinstance(key, dict) and not weakness(key)]
            if any(map(matches, usable)):
                return True
        return False

    async def encrypt(
        self, client: Client, payload: str | bytes, alg: str, enc: str, *, cty: str | None
    ) -> str:
        """`payload` for the client's key (RFC 7516). Raises `InvalidRequest` when it has none."""
        data = payload.encode() if isinstance(payload, str) else payload
        try:
            return encrypt(await self._document(client), data, alg, enc, cty=cty)
        except (NoKey, BadToken):
            raise InvalidRequest(
                "the app registered encryption, but no key for it can be found",
                refusal="encryption_key_missing",
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
        document = await self.documents.fetch(client.id, client.metadata.jwks_uri, again=again)
        if document is None:
            raise BadToken
        return document


def _verified(
    document: Mapping[str, Any], token: str, algorithms: Collection[str]
) -> dict[str, Any]:
    try:
        return verify(token, parse_key_set(document), algorithms).claims
    except BadKeySet as fault:
        # The client may have replaced keys that cannot be used.
        raise UnknownKey from fault


def _with_weak_key(fault: BadToken, document: Mapping[str, Any]) -> BadToken:
    for message in weak_keys(document):
        return WeakKey(f"of the app's key set, {message}")
    return fault


def _object(text: bytes) -> Mapping[str, Any]:
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as fault:
        raise BadToken from fault
    if not isinstance(document, dict):
        raise BadToken
    return document
