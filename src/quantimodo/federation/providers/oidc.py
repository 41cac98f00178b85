"""Sign-in with an OpenID provider (OpenID Connect Core 1.0), in a browser and by native ID token.

`Oidc` implements every such provider. Their differences from the specification are
`ProviderQuirks`, in separate files (google, apple, microsoft). All others need only an issuer, a
client id and a secret.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from quantimodo.crypto.jwt import BadToken as Unsigned
from quantimodo.crypto.provider_tokens import VerifiedToken, looks_signed
from quantimodo.federation.amr import methods_of
from quantimodo.federation.contract import (
    AuthorizationContext,
    BadCode,
    BadToken,
    ProviderPolicy,
    SecurityEvent,
)
from quantimodo.federation.discovery import Discovery, Metadata
from quantimodo.federation.id_tokens import (
    SKEW,
    Expected,
    bad_token,
    check_event_token,
    check_id_token,
    moment,
    required_text,
)
from quantimodo.federation.person_names import display_name, full_name, has_full_name
from quantimodo.federation.provider_logout import end_session_url, recorded
from quantimodo.federation.provider_quirks import Claims, IdentityKey, ProviderQuirks
from quantimodo.federation.providers.oauth2 import (
    AuthorizationServer,
    Granted,
    OAuth2,
    text,
)
from quantimodo.federation.providers.unsupported import no_security_events
from quantimodo.federation.public_keys import PublicKeys
from quantimodo.federation.userinfo import UserInfo
from quantimodo.model.budgets import Signer
from quantimodo.model.identities import UpstreamProfile
from quantimodo.model.secrets import Secret
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.outbound.responses import invalid_response
from quantimodo.ports.clock import Clock
from quantimodo.ports.federation_stores import ReplayStore

_FRESH_FOR = timedelta(minutes=10)  # the longest that a login at the provider may take
_LONGEST_EMAIL = 320


class Oidc:
    """One registration of this server at one OpenID provider. Implements `Provider`."""

    def __init__(
        self,
        policy: ProviderPolicy,
        http_client: GuardedHttpClient,
        clock: Clock,
        replays: ReplayStore,
        quirks: ProviderQuirks | None = None,
    ) -> None:
        self._policy = policy
        self._http_client = http_client
        self._clock = clock
        self._replays = replays
        self._quirks = quirks or ProviderQuirks()
        self._discovery = Discovery(policy, http_client, clock, self._quirks.known)
        self._keys = PublicKeys(http_client, clock, self._jwks_uri)
        self._userinfo = UserInfo(http_client, self._keys, clock, policy.client_id)
        self._ours = frozenset({policy.client_id, *policy.audiences})

    @property
    def name(self) -> str:
        return self._policy.name

    @property
    def title(self) -> str:
        return self._policy.title or self._quirks.title or self._policy.name

    @property
    def responds_by_form_post(self) -> bool:
        return self._quirks.responds_by_form_post

    async def destination(self) -> str:
        return self._server(await self._discovery.get()).destination()

    async def authorization_url(self, authorization_context: AuthorizationContext) -> str:
        metadata = await self._discovery.get()
        server = self._server(metadata)
        more = {"nonce": authorization_context.nonce, **self._quirks.parameters}
        if authorization_context.login_hint:
            more["login_hint"] = authorization_context.login_hint
        if authorization_context.fresh:
            more |= self._quirks.fresh
        if metadata.pushing_endpoint and (
            self._policy.pushed_requests or metadata.pushing_required
        ):
            return await server.pushed_authorization_url(
                metadata.pushing_endpoint, authorization_context, more
            )
        return server.authorization_url(authorization_context, more)

    async def handle_callback(
        self, response: Mapping[str, str], authorization_context: AuthorizationContext
    ) -> UpstreamProfile:
        metadata = await self._discovery.get()
        self._check_issuer(response, metadata)
        server = self._server(metadata)
        response = {name: response[name] for name in response if name != "iss"}
        granted = await server.tokens_of(response, authorization_context)
        found, who = await self._issued(granted, metadata, authorization_context.nonce)
        self._check_freshness(found.claims, authorization_context)
        claims = await self._complete(found, granted, metadata)
        first_name = self._quirks.first_name(response)
        profile = self._profile(who, claims, granted.refresh_token, first_name)
        return recorded(profile, found.claims, granted.id_token, self._policy)

    async def sign_out_url(
        self, id_token: Secret | None, redirect_uri: str, state: str
    ) -> str | None:
        """The address that ends the person's session there; None: the provider has none."""
        metadata = await self._discovery.get()
        if not metadata.end_session_endpoint:
            return None
        self._http_client.check(metadata.end_session_endpoint)  # where browsers are sent
        return end_session_url(metadata, self._policy, (id_token, redirect_uri, state))

    async def redeem(self, code: Secret, redirect_uri: str | None) -> UpstreamProfile:
        at = redirect_uri or self._policy.direct_redirect_uri or self._quirks.direct_redirect_uri
        if not at:
            raise BadCode("This code needs the redirectUrl that it was requested with.")
        metadata = await self._discovery.get()
        granted = await self._server(metadata).exchange(code, at, None)
        found, who = await self._issued(granted, metadata, None)
        claims = await self._complete(found, granted, metadata)
        return self._profile(who, claims, granted.refresh_token)

    async def verify_native_token(
        self, token: Secret, refresh_token: Secret | None, nonce: str | None
    ) -> UpstreamProfile:
        metadata = await self._discovery.get()
        if looks_signed(token.reveal()):
            found, who = await self._native(token, metadata, nonce)
            await self._spend(found)
            profile = self._profile(who, found.claims, refresh_token)
            # The app may have held it for its whole lifetime.
            return profile.stated_by(moment(found.claims, "iat"))
        if self._quirks.opaque is None:
            raise BadToken("Send the ID token that the provider gave the app.")
        claims = await self._quirks.opaque(token, metadata)
        return self._profile((metadata.issuer, required_text(claims, "sub")), claims, refresh_token)

    async def examine(self, *, again: bool = False) -> None:
        """Fetch the documents that every sign-in needs; with `again`, fetch cached keys again.
        Raises `ProviderFault`."""
        await self._discovery.get()
        await (self._keys.probe() if again else self._keys.fetch())

    async def security_events(self, media_type: str, body: bytes) -> Sequence[SecurityEvent]:
        if (messages := self._quirks.messages) is None:
            raise no_security_events()
        raw = messages.token(media_type, body)
        if raw is None:
            raise bad_token("not a message of this provider")
        metadata = await self._discovery.get()
        try:
            found = await self._keys.verify(Secret(raw), metadata.algorithms)
        except Unsigned as fault:
            raise bad_token(f"a message: {fault}") from fault
        # Google's issuer ends with a slash here, and nowhere else.
        if found.claims.get("iss") not in (metadata.issuer, f"{metadata.issuer}/"):
            raise bad_token("a message of another issuer")
        check_event_token(found, self._ours, self._clock.now(), messages.types)
        return messages.read(found.claims, metadata.issuer)

    def _check_issuer(self, response: Mapping[str, str], metadata: Metadata) -> None:
        """security.md §25, RFC 9207 §2.4: refuse the response of another provider."""
        if "iss" not in response:
            if metadata.names_itself:
                raise invalid_response("the authorization response names no issuer")
        elif not self._quirks.is_named(response["iss"], metadata):
            raise invalid_response("the authorization response names another issuer")

    async def _jwks_uri(self) -> str:
        return (await self._discovery.get()).jwks_uri

    def _server(self, metadata: Metadata) -> OAuth2:
        policy = replace(self._policy, issuer="")  # the issuer comes from the metadata
        if self._quirks.secret is not None:
            policy = replace(policy, client_secret=self._quirks.secret(self._clock.now()))
        made = self._quirks.assertion
        assertion = None if made is None else partial(made, metadata, self._clock.now())
        server = AuthorizationServer(
            issuer=metadata.issuer,
            authorization_endpoint=metadata.authorization_endpoint,
            token_endpoint=metadata.token_endpoint,
            scope=self._quirks.scope,
            response_issuers=frozenset({metadata.issuer}),
            secret_in_header=metadata.secret_in_header,
            assertion=assertion,
            proof_key=self._quirks.proof_key,
            decrypt=self._quirks.decrypt,
        )
        return OAuth2(policy, self._http_client, server)

    async def _issued(
        self, granted: Granted, metadata: Metadata, nonce: str | None
    ) -> tuple[VerifiedToken, IdentityKey]:
        """The verified ID token of the token response. Raises `InvalidProviderResponse`."""
        if granted.id_token is None:
            raise invalid_response("token endpoint: no ID token")
        expected = Expected(
            audiences=self._ours,
            authorized_party=self._policy.client_id,  # which requested it
            nonce=nonce,
            access_token=granted.access_token,
        )
        try:
            found = await self._keys.verify(granted.id_token, metadata.algorithms)
            who = self._quirks.who(found, metadata)
            check_id_token(found, expected, self._clock.now())
        except Unsigned as fault:
            raise invalid_response(f"ID token: {fault}") from fault
        except BadToken as fault:
            raise invalid_response(f"ID token: {fault.because}") from fault
        return found, who

    async def _native(
        self, token: Secret, metadata: Metadata, nonce: str | None
    ) -> tuple[VerifiedToken, IdentityKey]:
        if nonce is None and self._quirks.nonce_needed:
            raise BadToken("Send the nonce with which the app requested the ID token.")
        try:
            found = await self._keys.verify(token, metadata.algorithms)
        except Unsigned as fault:
            raise bad_token(f"ID token: {fault}") from fault
        who = self._quirks.who(found, metadata)
        check_id_token(found, Expected(audiences=self._ours, nonce=nonce), self._clock.now())
        return found, who

    async def _spend(self, found: VerifiedToken) -> None:
        # security.md §14, §29: a copied token cannot be used a second time.
        until = moment(found.claims, "exp") + SKEW
        signer = Signer("provider", self.name)
        if not await self._replays.use_once(found.fingerprint, until, signer):
            raise bad_token("it was used before")

    def _check_freshness(self, claims: Claims, authorization_context: AuthorizationContext) -> None:
        if not authorization_context.fresh or not self._quirks.tells_freshness:
            return
        try:
            at = moment(claims, "auth_time")
        except BadToken:
            raise invalid_response("ID token: auth_time is missing") from None
        # OpenID Connect Core §3.1.3.7: the request had `max_age`, so `auth_time` is checked.
        if at < self._clock.now() - _FRESH_FOR - SKEW:
            raise invalid_response("ID token: the person did not sign in anew")

    async def _complete(self, found: VerifiedToken, granted: Granted, metadata: Metadata) -> Claims:
        """The claims, those that are missing from userinfo (OpenID Connect Core §5.3)."""
        claims = found.claims
        if not metadata.userinfo_endpoint or ("email" in claims and has_full_name(claims)):
            return claims
        more = await self._userinfo.claims(metadata, granted.access_token, claims.get("sub"))
        if "email" in claims:
            # `email_verified` belongs to the address beside it, and to no other.
            more = {key: more[key] for key in more if key not in ("email", "email_verified")}
        if not text(claims.get("name")).strip():
            claims = {key: claims[key] for key in claims if key != "name"}
        return {**more, **claims}

    def _profile(
        self, who: IdentityKey, claims: Claims, refresh_token: Secret | None, first_name: str = ""
    ) -> UpstreamProfile:
        email = text(claims.get("email"))
        email = email if 0 < len(email) <= _LONGEST_EMAIL else ""
        verified = bool(email) and self._quirks.email_verified(claims)
        return UpstreamProfile(
            provider=self._policy.name,
            issuer=who[0],
            subject=who[1],
            name=display_name(full_name(claims) or first_name),
            email=email or None,
            email_verified=verified,
            email_authoritative=verified and self._is_authoritative(claims),
            methods=methods_of(claims),
            refresh_token=refresh_token,
        )

    def _is_authoritative(self, claims: Claims) -> bool:
        if self._policy.authoritative is not None:
            return self._policy.authoritative
        return self._quirks.authoritative(claims)
