"""The documents that clients find us by (RFC 8414, OpenID Connect Discovery, RFC 7517)."""

from dataclasses import dataclass

import msgspec

from quantimodo.http.json import public_json
from quantimodo.http.messages import Request, Response
from quantimodo.keys.keyring import Keyring
from quantimodo.protocol.discovery import metadata


class MetadataEndpoint:
    def __init__(
        self, issuer: str, *, registration: bool = False, require_pushed: bool = False
    ) -> None:
        document = msgspec.json.encode(
            metadata(issuer, registration=registration, require_pushed=require_pushed)
        )
        self._response = public_json(document, max_age=3600)

    async def __call__(self, request: Request) -> Response:
        return self._response


@dataclass(frozen=True, slots=True)
class KeySetEndpoint:
    """Kept by clients for five minutes: less than a new key is published before it signs."""

    keyring: Keyring

    async def __call__(self, request: Request) -> Response:
        return public_json(await self.keyring.document(), max_age=300)
