"""The documents by which clients discover this server (RFC 8414, OpenID Connect Discovery, RFC
7517)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from quantimodo.http.errors import NotFound
from quantimodo.http.json import public_json
from quantimodo.http.messages import Request, Response
from quantimodo.keys.keyring import Keyring
from quantimodo.protocol.discovery import OfferedFeatures, metadata


class MetadataEndpoint:
    def __init__(self, issuer: str, offered: OfferedFeatures) -> None:
        document = msgspec.json.encode(metadata(issuer, offered))
        self._response = public_json(document, max_age=3600)

    async def __call__(self, request: Request) -> Response:
        return self._response


class ResourceMetadataEndpoint:
    """The metadata of a resource of this server (RFC 9728 §3)."""

    def __init__(self, metadata: Mapping[str, Any]) -> None:
        self._response = public_json(msgspec.json.encode(metadata), max_age=3600)

    async def __call__(self, request: Request) -> Response:
        return self._response


@dataclass(frozen=True, slots=True)
class KeySetEndpoint:
    """Clients may cache it for five minutes, which is less than a new key is published before it
    signs."""

    keyring: Keyring

    async def __call__(self, request: Request) -> Response:
        return public_json(await self.keyring.document(), max_age=300)


@dataclass(frozen=True, slots=True)
class ProviderKeySetEndpoint:
    """Our public keys at the sign-in providers where we authenticate by `private_key_jwt`; by the
    name of the provider."""

    documents: Mapping[str, bytes]

    async def __call__(self, request: Request) -> Response:
        document = self.documents.get(request.tail)
        if document is None:
            raise NotFound
        return public_json(document, max_age=300)
