"""Token revocation (RFC 7009)."""

from dataclasses import dataclass
from datetime import UTC, datetime

from quantimodo.accounts.personal_token_revocation import PersonalTokenRevocation
from quantimodo.clients.authentication import ClientAuthentication
from quantimodo.crypto.tokens import Kind, key_of
from quantimodo.endpoints.body_parameters import body_form
from quantimodo.http.json import private_json
from quantimodo.http.messages import Request, Response
from quantimodo.model.clients import Client
from quantimodo.ports.clock import Clock
from quantimodo.ports.exchanged_token_store import ExchangedTokenStore
from quantimodo.ports.grant_stores import TokenStore
from quantimodo.protocol.client_auth import PARAMETERS as OF_CLIENTS
from quantimodo.protocol.errors import UnauthorizedClient
from quantimodo.tokens.access_tokens import AccessTokens, exchanged_key

_PARAMETERS = OF_CLIENTS | {"token"}


@dataclass(frozen=True, slots=True)
class RevocationEndpoint:
    """The prefix of a token shows its type, so `token_type_hint` (RFC 7009 §2.1) is not needed."""

    clients: ClientAuthentication
    tokens: TokenStore
    exchanged: ExchangedTokenStore
    access: AccessTokens
    personal: PersonalTokenRevocation
    clock: Clock

    async def __call__(self, request: Request) -> Response:
        form = body_form(request, _PARAMETERS)
        # A personal token was issued to no client, so its holder may revoke it.
        if personal := key_of(Kind.PERSONAL, form.get("token") or ""):
            await self.personal.end_presented(personal, request.address)
            return private_json(200, {})
        client = await self.clients.authenticate(request, form)
        raw = form.required("token")
        if refresh := key_of(Kind.REFRESH, raw):
            await self._revoke_refresh_token(refresh, client)
        elif access := key_of(Kind.ACCESS, raw):
            await self._revoke_access_token(access, client)
        elif exchanged := key_of(Kind.EXCHANGED, raw):
            await self._revoke_exchanged_token(exchanged, client)
        else:
            await self._revoke_jwt(raw, client)
        # RFC 7009 §2.2: an unknown or invalid token is revoked already. The body is an empty JSON
        # object, because many clients parse it as JSON.
        return private_json(200, {})

    async def _revoke_refresh_token(self, key: bytes, client: Client) -> None:
        found = await self.tokens.refresh_token(key)
        if found is not None:
            _check_owner(found.grant.client_id, client)
            # RFC 7009 §2.1: a refresh token is revoked with every access token of its
            # authorization.
            await self.tokens.revoke_grant(found.grant.id, self.clock.now())

    async def _revoke_access_token(self, key: bytes, client: Client) -> None:
        found = await self.tokens.access_token(key)
        if found is not None:
            _check_owner(found.client_id, client)
            await self.tokens.revoke_access_token(key)

    async def _revoke_exchanged_token(self, key: bytes, client: Client) -> None:
        found = await self.exchanged.exchanged_token(key)
        if found is not None:
            _check_owner(found.client_id, client)
            await self.exchanged.delete_exchanged_token(key)

    async def _revoke_jwt(self, raw: str, client: Client) -> None:
        claims = await self.access.verified_claims(raw)
        if claims is None:
            return
        _check_owner(claims["client_id"], client)
        if "act" in claims:
            await self.exchanged.delete_exchanged_token(exchanged_key(claims))
            return
        expires_at = datetime.fromtimestamp(claims["exp"], UTC)
        if expires_at > self.clock.now():
            await self.tokens.revoke_jwt(claims["jti"], expires_at)


def _check_owner(client_id: str, client: Client) -> None:
    # RFC 7009 §2.1: a token of another client is refused with an error.
    if client_id != client.id:
        raise UnauthorizedClient(
            "the token was issued to another client", refusal="token_of_another_client"
        )
