"""Sign-in with Facebook: in a browser, by an SDK's access token, by a Limited Login ID token.

Facebook's account ids are scoped to one app: the same person has another number in another app. So
a token must be for the app id of this server, whatever `audiences` says. Facebook does not say
whether an e-mail address is confirmed, so none counts as confirmed (security.md §29).
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from quantimodo.crypto.digests import digest
from quantimodo.crypto.jwt import BadToken as NotSigned
from quantimodo.crypto.provider_tokens import looks_signed, verify_signed_request
from quantimodo.federation.contract import (
    AuthorizationContext,
    BadToken,
    ProviderPolicy,
    SecurityEvent,
)
from quantimodo.federation.id_tokens import (
    SKEW,
    Expected,
    bad_token,
    check_id_token,
    moment,
    required_text,
)
from quantimodo.federation.person_names import full_name
from quantimodo.federation.providers.facebook_graph import TRY_LATER, Graph, account_number
from quantimodo.federation.providers.oauth2 import (
    AuthorizationServer,
    Granted,
    OAuth2,
    numeric_id,
    required_secret,
    text,
)
from quantimodo.federation.public_keys import PublicKeys
from quantimodo.model.budgets import Signer
from quantimodo.model.identities import UpstreamProfile
from quantimodo.model.secrets import Secret
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.outbound.responses import invalid_response
from quantimodo.ports.clock import Clock
from quantimodo.ports.federation_stores import ReplayStore

_ISSUER = "https://www.facebook.com"
_GRAPH = "https://graph.facebook.com/v25.0"
_DIALOG = "https://www.facebook.com/v25.0/dialog/oauth"
_JWKS = "https://limited.facebook.com/.well-known/oauth/openid/jwks/"
_ALGORITHMS = frozenset({"RS256"})
_FORM = "application/x-www-form-urlencoded"
_OLDEST_EVENT = timedelta(days=1)
_LONGEST_EVENT = 16_384


class Facebook:
    """One Facebook app. Implements `Provider`."""

    responds_by_form_post = False

    def __init__(
        self,
        policy: ProviderPolicy,
        http_client: GuardedHttpClient,
        clock: Clock,
        replays: ReplayStore,
    ) -> None:
        address = (policy.graph_endpoint or _GRAPH).rstrip("/")
        self._policy = policy
        self._secret = required_secret(policy)
        self._clock = clock
        self._replays = replays
        self._graph = Graph(policy, http_client, address)
        self._oauth = OAuth2(policy, http_client, _server(f"{address}/oauth/access_token"))
        self._keys = PublicKeys(http_client, clock, self._jwks_uri)
        self.name = policy.name
        self.title = policy.title or "Facebook"

    async def destination(self) -> str:
        return self._oauth.destination()

    async def authorization_url(self, authorization_context: AuthorizationContext) -> str:
        # Facebook requests the password again; its response does not say so.
        more = {"auth_type": "reauthenticate"} if authorization_context.fresh else {}
        return self._oauth.authorization_url(authorization_context, more)

    async def handle_callback(
        self, response: Mapping[str, str], authorization_context: AuthorizationContext
    ) -> UpstreamProfile:
        return await self._who(await self._oauth.tokens_of(response, authorization_context))

    async def redeem(self, code: Secret, redirect_uri: str | None) -> UpstreamProfile:
        # Facebook's JavaScript requests codes with an empty redirect URI.
        where = redirect_uri or self._policy.direct_redirect_uri
        return await self._who(await self._oauth.exchange(code, where, None))

    async def verify_native_token(
        self, token: Secret, refresh_token: Secret | None, nonce: str | None
    ) -> UpstreamProfile:
        if looks_signed(token.reveal()):
            return await self._limited(token, refresh_token, nonce)
        owner = await self._graph.owner(token, self._clock.now())
        account = await self._graph.account(token)
        # security.md §29: both responses must be about the same person.
        if numeric_id(account.get("id")) != owner:
            raise bad_token("me: another account than debug_token's")
        return self._profile(owner, account, refresh_token)

    async def security_events(self, media_type: str, body: bytes) -> Sequence[SecurityEvent]:
        """A `signed_request`. Facebook's two messages, "removed the app" and "delete the data", are
        the same: the kind is always "gone", and the address that receives it determines which of
        the two it is."""
        signed = _signed_request(media_type, body)
        try:
            fields = verify_signed_request(signed, self._secret)
        except NotSigned as fault:
            raise bad_token("signed_request: not signed by our secret") from fault
        return [self._event(signed, fields)]

    async def _who(self, granted: Granted) -> UpstreamProfile:
        try:
            account = await self._graph.account(granted.access_token)
        except BadToken as fault:
            # The token came from Facebook, so the fault is not the person's.
            raise invalid_response(fault.because) from fault
        return self._profile(numeric_id(account.get("id")), account, granted.refresh_token)

    async def _limited(
        self, token: Secret, refresh_token: Secret | None, nonce: str | None
    ) -> UpstreamProfile:
        now = self._clock.now()
        try:
            found = await self._keys.verify(token, _ALGORITHMS)
        except NotSigned as fault:
            raise bad_token(f"limited login: {fault}") from fault
        claims = found.claims
        # security.md §26: the issuer is the configured one, never one that the token names.
        if claims.get("iss") != self._oauth.issuer:
            raise bad_token("limited login: another issuer")
        ours = frozenset({self._policy.client_id})
        check_id_token(found, Expected(audiences=ours, nonce=nonce), now)
        # The SDK always adds one. The replay store accepts each token once, also when the app did
        # not choose the nonce.
        required_text(claims, "nonce")
        subject = account_number(claims, "sub")
        until, signer = moment(claims, "exp") + SKEW, Signer("provider", self.name)
        if not await self._replays.use_once(found.fingerprint, until, signer):
            raise bad_token("limited login: replayed")
        # The app may have held it for its whole lifetime.
        profile = self._profile(subject, claims, refresh_token)
        return profile.stated_by(moment(claims, "iat"))

    def _profile(
        self, subject: str, claims: Mapping[str, Any], refresh_token: Secret | None
    ) -> UpstreamProfile:
        return UpstreamProfile(
            provider=self.name,
            issuer=self._oauth.issuer,
            subject=subject,
            name=full_name(claims),
            email=text(claims.get("email")) or None,
            refresh_token=refresh_token,
        )

    def _event(self, signed: str, fields: Mapping[str, Any]) -> SecurityEvent:
        # Facebook's JavaScript also gives browsers a signed_request, in responses and in a cookie,
        # to exchange its code. A party that obtains one must not be able to erase an account by it.
        if "code" in fields:
            raise bad_token("signed_request: one of a browser")
        issued_at, now = moment(fields, "issued_at"), self._clock.now()
        if not now - _OLDEST_EVENT <= issued_at <= now + SKEW:
            raise bad_token("signed_request: not of today")
        return SecurityEvent(
            kind="gone",
            issuer=self._oauth.issuer,
            subject=account_number(fields, "user_id"),
            id=digest(signed.partition(".")[2]).hex(),
        )

    async def _jwks_uri(self) -> str:
        return self._policy.jwks_uri or _JWKS


def _server(token_endpoint: str) -> AuthorizationServer:
    return AuthorizationServer(
        issuer=_ISSUER,
        authorization_endpoint=_DIALOG,
        token_endpoint=token_endpoint,
        scope="public_profile email",
        response_issuers=frozenset({_ISSUER}),
        bad_code=frozenset({"100"}),  # used, expired, of another address or verifier
        try_later=TRY_LATER,
    )


def _signed_request(media_type: str, body: bytes) -> str:
    """The single parameter of the message. Raises `BadToken`."""
    if media_type.partition(";")[0].strip().lower() != _FORM or len(body) > _LONGEST_EVENT:
        raise bad_token("security event: not a form")
    try:
        fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=20)
    except ValueError as fault:
        raise bad_token("security event: an unreadable form") from fault
    found = [value for name, value in fields if name == "signed_request"]
    if len(found) != 1:
        raise bad_token("security event: not one signed_request")
    return found[0]
