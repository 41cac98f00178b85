"""Sign-in with X: OAuth 2 with PKCE, which X requires, and the account's number.

X gives a name and no e-mail address. It signs no ID tokens and sends no messages. A code of X is
valid only with the PKCE verifier of its request, so only in a browser, through this server.
"""

from collections.abc import Mapping, Sequence

from quantimodo.federation.contract import (
    AuthorizationContext,
    ProviderPolicy,
    SecurityEvent,
)
from quantimodo.federation.person_names import full_name
from quantimodo.federation.providers.oauth2 import (
    AuthorizationServer,
    Granted,
    OAuth2,
    numeric_id,
    text,
)
from quantimodo.federation.providers.unsupported import (
    no_native_tokens,
    no_redemption,
    no_security_events,
)
from quantimodo.model.identities import UpstreamProfile
from quantimodo.model.secrets import Secret
from quantimodo.outbound.http_client import GuardedHttpClient, bearer_authorization
from quantimodo.outbound.responses import invalid_response

_ISSUER = "https://x.com"
_ME = "https://api.x.com/2/users/me"
_TOKENS = "https://api.x.com/2/oauth2/token"
_SERVER = AuthorizationServer(
    issuer=_ISSUER,
    authorization_endpoint="https://x.com/i/oauth2/authorize",
    token_endpoint=_TOKENS,
    scope="users.read tweet.read",  # users/me needs both
    response_issuers=frozenset({_ISSUER}),
    # X sends `invalid_request` for a code that is used, expired or of another verifier.
    bad_code=frozenset({"invalid_grant", "invalid_request"}),
    secret_in_header=True,
)


class X:
    """x.com. Without `client_secret`: X's "public client". Implements `Provider`."""

    responds_by_form_post = False

    def __init__(self, policy: ProviderPolicy, http_client: GuardedHttpClient) -> None:
        self._http_client = http_client
        self._oauth = OAuth2(policy, http_client, _SERVER)
        self._me = policy.userinfo_endpoint or _ME
        self.name = policy.name
        self.title = policy.title or "X"

    async def destination(self) -> str:
        return self._oauth.destination()

    async def authorization_url(self, authorization_context: AuthorizationContext) -> str:
        return self._oauth.authorization_url(authorization_context, {})

    async def handle_callback(
        self, response: Mapping[str, str], authorization_context: AuthorizationContext
    ) -> UpstreamProfile:
        return await self._who(await self._oauth.tokens_of(response, authorization_context))

    async def redeem(self, code: Secret, redirect_uri: str | None) -> UpstreamProfile:
        raise no_redemption()

    async def verify_native_token(
        self, token: Secret, refresh_token: Secret | None, nonce: str | None
    ) -> UpstreamProfile:
        raise no_native_tokens()

    async def security_events(self, media_type: str, body: bytes) -> Sequence[SecurityEvent]:
        raise no_security_events()

    async def _who(self, granted: Granted) -> UpstreamProfile:
        response = await self._http_client.get(
            self._me, headers=bearer_authorization(granted.access_token)
        )
        if not response.ok:
            raise invalid_response(f"users/me: status {response.status}")
        # X responds 200 with `errors` and no `data` when it cannot show the account.
        user = response.json().get("data")
        if not isinstance(user, dict):
            raise invalid_response("users/me: no account")
        return UpstreamProfile(
            provider=self.name,
            issuer=self._oauth.issuer,
            subject=numeric_id(user.get("id")),
            name=full_name(user) or text(user.get("username")),
            refresh_token=granted.refresh_token,
        )
