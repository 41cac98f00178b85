"""The claims of a provider's userinfo endpoint (OpenID Connect Core §5.3): plain or signed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from quantimodo.crypto.jwt import BadToken as Unsigned
from quantimodo.crypto.provider_tokens import VerifiedToken
from quantimodo.federation.contract import BadToken
from quantimodo.federation.discovery import Metadata
from quantimodo.federation.id_tokens import check_signed_claims
from quantimodo.federation.public_keys import PublicKeys
from quantimodo.model.secrets import Secret
from quantimodo.outbound.http_client import GuardedHttpClient, bearer_authorization
from quantimodo.outbound.responses import HttpResponse, invalid_response
from quantimodo.ports.clock import Clock

_SIGNED: Final = "application/jwt"


@dataclass(frozen=True, slots=True)
class UserInfo:
    """The userinfo endpoint of one provider, for the client with this id there."""

    http_client: GuardedHttpClient
    keys: PublicKeys
    clock: Clock
    client_id: str

    async def claims(
        self, metadata: Metadata, access_token: Secret, subject: object
    ) -> Mapping[str, Any]:
        """The claims about this subject. Raises `InvalidProviderResponse`, also when they are about
        another one."""
        response = await self.http_client.get(
            metadata.userinfo_endpoint, headers=bearer_authorization(access_token)
        )
        if not response.ok:
            raise invalid_response(f"userinfo: status {response.status}")
        signed = response.media_type == _SIGNED
        claims = await self._verified(response, metadata) if signed else response.json()
        # OpenID Connect Core §5.3.2: otherwise another person's response could replace it.
        if claims.get("sub") != subject:
            raise invalid_response("userinfo: another person")
        return claims

    async def _verified(self, response: HttpResponse, metadata: Metadata) -> Mapping[str, Any]:
        token = response.body.decode("ascii", "replace").strip()
        if token.count(".") == 4:  # RFC 7516 §3.1
            raise invalid_response("userinfo: it is encrypted, and no key is registered for that")
        try:
            found = await self.keys.verify(Secret(token), metadata.userinfo_algorithms)
            self._check(found, metadata, self.clock.now())
        except Unsigned as fault:
            raise invalid_response(f"userinfo: {fault}") from fault
        except BadToken as fault:
            raise invalid_response(f"userinfo: {fault.because}") from fault
        return found.claims

    def _check(self, found: VerifiedToken, metadata: Metadata, now: datetime) -> None:
        """OpenID Connect Core §5.3.2 says that a signed response SHOULD have `iss` and `aud`. Here
        it must: without them it could be the token of another kind, or for another client."""
        check_signed_claims(found, metadata.issuer, frozenset({self.client_id}), now)
        if "nonce" in found.claims or "events" in found.claims:
            raise invalid_response("userinfo: not a userinfo response")
