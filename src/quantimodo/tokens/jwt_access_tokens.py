"""JWT access tokens (RFC 9068 §2.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from quantimodo.crypto.jwt import base64url
from quantimodo.keys.keyring import Keyring
from quantimodo.protocol.claims_request import acr_of
from quantimodo.protocol.consent_details import from_json, json_objects
from quantimodo.protocol.constants import ACCESS_TOKEN_TYPE
from quantimodo.protocol.resources import plain_names
from quantimodo.protocol.scopes import format_scope
from quantimodo.tokens.minted_tokens import MintedAccessToken
from quantimodo.tokens.policy import TokenPolicy

NO_ACTOR: Final[Mapping[str, Any]] = MappingProxyType({})
"""The actor of a token that was not exchanged."""


@dataclass(frozen=True, slots=True)
class SignedTokens:
    policy: TokenPolicy
    keyring: Keyring

    def access_token(
        self, access: MintedAccessToken, subject: str, actor: Mapping[str, Any] = NO_ACTOR
    ) -> str:
        """The signed JWT of this token. `subject` is the person's `sub` at this client, or the
        client's id for its own token; `actor` is the claim `act` of an exchanged token (RFC 8693
        §4.1)."""
        claims: dict[str, Any] = {
            "iss": self.policy.issuer,
            "sub": subject,
            "aud": access.audience or self.policy.audience,  # RFC 9068 §3
            "client_id": access.client.id,
            "iat": int(access.issued_at.timestamp()),
            "exp": int(access.expires_at.timestamp()),
            "jti": _text(access.jti),
            "scope": format_scope(plain_names(access.scope)),
            **actor,
        }
        if access.confirmation is not None:
            claims |= access.confirmation.claims()  # RFC 9449 §6.1, RFC 8705 §3.1
        if access.authorization is not None:
            grant = access.authorization.grant
            # The token is valid only as long as the grant is.
            claims["grant_id"] = _text(grant.id)
            claims["auth_time"] = int(grant.authenticated_at.timestamp())
            stored = grant.claims_request.acr if grant.claims_request is not None else None
            claims["acr"] = acr_of(stored, grant.methods)
            if access.details is not None:  # RFC 9396 §9.1
                claims["authorization_details"] = json_objects(from_json(access.details))
        return self.keyring.signer("ES256").sign(claims, ACCESS_TOKEN_TYPE)


def _text(data: bytes) -> str:
    return base64url(data).decode("ascii")
