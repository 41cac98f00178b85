"""Introspection responses as one signed JWT (RFC 9701)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quantimodo.keys.keyring import Keyring
from quantimodo.model.clients import Client
from quantimodo.model.keys import algorithm_named
from quantimodo.ports.clock import Clock
from quantimodo.protocol.constants import INTROSPECTION_TYPE
from quantimodo.tokens.id_tokens import Encrypter


@dataclass(frozen=True, slots=True)
class IntrospectionSigner:
    issuer: str
    keyring: Keyring
    client_keys: Encrypter
    clock: Clock

    async def sign(self, client: Client, introspected: Mapping[str, Any]) -> str:
        """The response for this client, signed, and encrypted if it registered that. Raises
        `InvalidRequest` when it has no key to encrypt for."""
        metadata = client.metadata
        # RFC 9701 §5: no `sub` and no `exp`, so that no one takes it for an access token.
        claims = {
            "iss": self.issuer,
            "aud": client.id,
            "iat": int(self.clock.now().timestamp()),
            "token_introspection": introspected,
        }
        # RFC 9701 §6: RS256 unless another one was registered.
        algorithm = algorithm_named(metadata.introspection_signed_response_alg) or "RS256"
        text = self.keyring.signer(algorithm).sign(claims, INTROSPECTION_TYPE)
        if not metadata.introspection_encrypted_response_alg:
            return text
        return await self.client_keys.encrypt(
            client,
            text,
            metadata.introspection_encrypted_response_alg,
            # RFC 9701 §6
            metadata.introspection_encrypted_response_enc or "A128CBC-HS256",
            cty="JWT",
        )
