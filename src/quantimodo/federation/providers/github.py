"""Sign-in with GitHub: an OAuth app, PKCE, the numeric account id.

A login name can later belong to another account; the number cannot. The e-mail address comes from
the list of addresses, which says which one is confirmed; the one on the public profile is
unverified text. GitHub signs no ID tokens and sends no messages.
"""

from collections.abc import Mapping, Sequence

from quantimodo.federation.contract import AuthorizationContext, ProviderPolicy, SecurityEvent
from quantimodo.federation.person_names import full_name
from quantimodo.federation.providers.oauth2 import (
    AuthorizationServer,
    Granted,
    OAuth2,
    numeric_id,
    required_secret,
    text,
)
from quantimodo.federation.providers.unsupported import no_native_tokens, no_security_events
from quantimodo.model.identities import UpstreamProfile
from quantimodo.model.secrets import Secret
from quantimodo.outbound.http_client import GuardedHttpClient, bearer_authorization
from quantimodo.outbound.responses import invalid_response

_ISSUER = "https://github.com"
_USER = "https://api.github.com/user"
_EMAILS = "https://api.github.com/user/emails"
_API = {"accept": "application/vnd.github+json", "x-github-api-version": "2022-11-28"}
_TOKENS = "https://github.com/login/oauth/access_token"
_SERVER = AuthorizationServer(
    issuer=_ISSUER,
    authorization_endpoint="https://github.com/login/oauth/authorize",
    token_endpoint=_TOKENS,
    scope="read:user user:email",
    # Its metadata (RFC 8414) has the path, although its responses have no `iss` yet.
    response_issuers=frozenset({_ISSUER, "https://github.com/login/oauth"}),
    bad_code=frozenset({"bad_verification_code", "redirect_uri_mismatch", "invalid_grant"}),
)


class GitHub:
    """github.com, or one GitHub Enterprise Server (then `issuer` and all endpoints are set).
    Implements `Provider`."""

    responds_by_form_post = False

    def __init__(self, policy: ProviderPolicy, http_client: GuardedHttpClient) -> None:
        required_secret(policy)
        self._policy = policy
        self._http_client = http_client
        self._oauth = OAuth2(policy, http_client, _SERVER)
        self._user = policy.userinfo_endpoint or _USER
        self._emails = policy.emails_endpoint or _EMAILS
        self.name = policy.name
        self.title = policy.title or "GitHub"

    async def destination(self) -> str:
        return self._oauth.destination()

    async def authorization_url(self, authorization_context: AuthorizationContext) -> str:
        # GitHub cannot request the password again; choosing the account is the closest.
        more = {"prompt": "select_account"} if authorization_context.fresh else {}
        return self._oauth.authorization_url(authorization_context, more)

    async def handle_callback(
        self, response: Mapping[str, str], authorization_context: AuthorizationContext
    ) -> UpstreamProfile:
        return await self._who(await self._oauth.tokens_of(response, authorization_context))

    async def redeem(self, code: Secret, redirect_uri: str | None) -> UpstreamProfile:
        where = redirect_uri or self._policy.direct_redirect_uri or None
        return await self._who(await self._oauth.exchange(code, where, None))

    async def verify_native_token(
        self, token: Secret, refresh_token: Secret | None, nonce: str | None
    ) -> UpstreamProfile:
        raise no_native_tokens()

    async def security_events(self, media_type: str, body: bytes) -> Sequence[SecurityEvent]:
        raise no_security_events()

    async def _who(self, granted: Granted) -> UpstreamProfile:
        headers = {**_API, **bearer_authorization(granted.access_token)}
        response = await self._http_client.get(self._user, headers=headers)
        if not response.ok:
            raise invalid_response(f"user: status {response.status}")
        user = response.json()
        email = await self._confirmed_email(headers)
        return UpstreamProfile(
            provider=self.name,
            issuer=self._oauth.issuer,
            subject=numeric_id(user.get("id")),
            name=full_name(user) or text(user.get("login")),
            email=email,
            email_verified=email is not None,
            email_authoritative=email is not None and self._policy.authoritative is True,
            refresh_token=granted.refresh_token,
        )

    async def _confirmed_email(self, headers: Mapping[str, str]) -> str | None:
        """security.md §30: the address that is primary and verified, both being `true` itself."""
        response = await self._http_client.get(
            self._emails, headers=headers, parameters={"per_page": "100"}
        )
        if response.status in (403, 404):  # the person, or the kind of app, does not share it
            return None
        if not response.ok:
            raise invalid_response(f"user/emails: status {response.status}")
        for row in response.rows():
            if row.get("primary") is True and row.get("verified") is True:
                return text(row.get("email")) or None
        return None
