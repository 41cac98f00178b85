"""Sign-in with any OAuth 2 provider that its settings describe: `kind = "oauth2"`.

The settings declare the endpoints, what the requests have in addition, and where the response has
the account's id, its name and its e-mail address (`federation/declarations.py`). It signs no ID
tokens and sends no messages. A code is accepted only from a sign-in in a browser that began here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from quantimodo.federation.contract import (
    AuthorizationContext,
    ProviderPolicy,
    SecurityEvent,
)
from quantimodo.federation.declarations import FieldMapping, headers, parameters, token_path
from quantimodo.federation.providers.oauth2 import (
    AuthorizationServer,
    Granted,
    OAuth2,
)
from quantimodo.federation.providers.unsupported import (
    no_native_tokens,
    no_redemption,
    no_security_events,
)
from quantimodo.model.identities import UpstreamProfile
from quantimodo.model.secrets import Secret
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.outbound.responses import HttpResponse, invalid_response

_CREDENTIALS = frozenset({"invalid_client", "unauthorized_client", "incorrect_client_credentials"})
_NO_TOKEN = "not-a-token"
_VERIFIER = Secret("not-a-code-verifier-that-any-sign-in-has-here")


class Declared:
    """One provider of the kind `oauth2`, whose policy has no faults. Implements `Provider`."""

    responds_by_form_post = False

    def __init__(self, policy: ProviderPolicy, http_client: GuardedHttpClient) -> None:
        self._policy = policy
        self._http_client = http_client
        self._oauth = OAuth2(policy, http_client, _server(policy))
        self._mapping = FieldMapping(policy)
        self.name = policy.name
        self.title = policy.title or policy.name.capitalize()

    async def destination(self) -> str:
        return self._oauth.destination()

    async def authorization_url(self, authorization_context: AuthorizationContext) -> str:
        fresh = self._policy.fresh_parameters if authorization_context.fresh else ()
        more = {**parameters(self._policy.authorization_parameters), **parameters(fresh)}
        return self._oauth.authorization_url(authorization_context, more)

    async def handle_callback(
        self, response: Mapping[str, str], authorization_context: AuthorizationContext
    ) -> UpstreamProfile:
        granted = await self._oauth.tokens_of(response, authorization_context)
        mapped = self._mapping.parse(await self._account(granted))
        return UpstreamProfile(
            provider=self.name,
            issuer=self._oauth.issuer,
            subject=mapped.subject,
            name=mapped.name,
            email=mapped.email,
            email_verified=mapped.proven,
            email_authoritative=mapped.proven,
            refresh_token=granted.refresh_token,
        )

    async def redeem(self, code: Secret, redirect_uri: str | None) -> UpstreamProfile:
        raise no_redemption()

    async def verify_native_token(
        self, token: Secret, refresh_token: Secret | None, nonce: str | None
    ) -> UpstreamProfile:
        raise no_native_tokens()

    async def security_events(self, media_type: str, body: bytes) -> Sequence[SecurityEvent]:
        raise no_security_events()

    async def examine(self, redirect_uri: str) -> None:
        """Whether both endpoints respond, and the token endpoint accepts our credentials, as far as
        it says. Raises `ProviderFault`."""
        code = await self._oauth.probe(redirect_uri, _VERIFIER)
        if code in _CREDENTIALS:
            raise invalid_response(f"token endpoint: {code}")
        if self._policy.userinfo_endpoint:
            response = await self._userinfo(_NO_TOKEN)
            if response.status in (404, 405) or response.ok:
                raise invalid_response(f"userinfo_endpoint: status {response.status} for no token")

    async def _account(self, granted: Granted) -> Mapping[str, Any]:
        if not self._policy.userinfo_endpoint:
            return granted.response
        response = await self._userinfo(granted.access_token.reveal())
        if not response.ok:
            raise invalid_response(f"userinfo_endpoint: status {response.status}")
        return response.json()

    async def _userinfo(self, access_token: str) -> HttpResponse:
        endpoint, sent = self._policy.userinfo_endpoint, headers(self._policy, access_token)
        if self._policy.userinfo_method == "POST":
            return await self._http_client.post_form(endpoint, {}, headers=sent)
        return await self._http_client.get(endpoint, headers=sent)


def _server(policy: ProviderPolicy) -> AuthorizationServer:
    return AuthorizationServer(
        issuer=policy.issuer,
        authorization_endpoint=policy.authorization_endpoint,
        token_endpoint=policy.token_endpoint,
        scope=policy.scope,
        response_issuers=frozenset({policy.issuer}),
        secret_in_header=policy.client_authentication == "client_secret_basic",
        proof_key=policy.pkce,
        token_parameters=parameters(policy.token_parameters),
        token_path=token_path(policy),
    )
