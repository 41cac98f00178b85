"""Authorization responses as one signed JWT (JWT Secured Authorization Response Mode, JARM)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from quantimodo.keys.keyring import Keyring
from quantimodo.model.clients import Client
from quantimodo.model.keys import algorithm_named
from quantimodo.ports.clock import Clock
from quantimodo.protocol.authorization_responses import Parameters
from quantimodo.protocol.constants import ID_TOKEN_TYPE
from quantimodo.protocol.errors import InvalidRequest
from quantimodo.tokens.id_tokens import Encrypter

_LIFETIME: Final = timedelta(minutes=10)  # JARM §2.1: a maximum is recommended


@dataclass(frozen=True, slots=True)
class JarmEncoder:
    issuer: str
    keyring: Keyring
    client_keys: Encrypter
    clock: Clock

    async def sign(self, client: Client, parameters: Parameters) -> Parameters:
        """Sign the parameters of a response with `iss`, and encrypt them if the client registered
        that; returns the single parameter `response` (JARM §2.3). Raises `InvalidRequest` if the
        client has no key to encrypt for."""
        metadata = client.metadata
        expires_at = self.clock.now() + _LIFETIME
        claims = {
            **dict(parameters),
            "iss": self.issuer,
            "aud": client.id,
            "exp": int(expires_at.timestamp()),
        }
        # JARM §3: RS256 unless another one was registered.
        algorithm = algorithm_named(metadata.authorization_signed_response_alg) or "RS256"
        text = self.keyring.signer(algorithm).sign(claims, ID_TOKEN_TYPE)
        if metadata.authorization_encrypted_response_alg:
            try:
                text = await self.client_keys.encrypt(
                    client,
                    text,
                    metadata.authorization_encrypted_response_alg,
                    metadata.authorization_encrypted_response_enc or "A128CBC-HS256",
                    cty="JWT",
                )
            except InvalidRequest:
                # Only an error is sent unencrypted, such as the error that there is no key.
                if "error" not in claims:
                    raise
        return [("response", text)]
