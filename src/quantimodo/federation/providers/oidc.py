"""Sign-in with an OpenID provider (OpenID Connect Core 1.0), in a browser and by native ID token.

`Oidc` is every such provider; how one differs from the specification is its `ProviderQuirks`, in a
file of its own (google, apple, microsoft). An issuer, a client id and a secret are enough for any
other.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from quantimodo.crypto.jwt import BadToken as Unsigned
from quantimodo.crypto.upstream import Verified, looks_signed
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
from quantimodo.federation.names import full_name, has_full_name
from quantimodo.federation.providers.oauth2 import (
    AuthorizationServer,
    Granted,
    OAuth2,
    invalid_response,
    no_security_events,
    text,
)
from quantimodo.federation.public_keys import PublicKeys
from quantimodo.model.identities import Profile
from quantimodo.model.secrets import Secret
from quantimodo.outbound.http_client import GuardedHttpClient, bearer
from quantimodo.ports.clock import Clock
from quantimodo.ports.stores import ReplayStore

Claims = Mapping[str, Any]
Who = tuple[str, str]  # issuer and subject: the key of an identity

_FRESH_FOR = timedelta(minutes=10)  # the longest that a login at the provider may take
_LONGEST_NAME, _LONGEST_EMAIL = 200, 320
_METHODS_AT_MOST, _LONGEST_METHOD = 8, 16


def is_true(value: Any) -> bool:
    """security.md 23: only true is true; "false", 1 and "yes" are not."""
    return value is True or value == "true"


def stated_subject(found: Verified, metadata: Metadata) -> Who:
    """The issuer, which must be the configured one, and `sub`. Raises `BadToken`."""
    # security.md 26: equal to what was configured, never chosen from the token.
    if found.claims.get("iss") != metadata.issuer:
        raise bad_token("iss is not the configured issuer")
    return metadata.issuer, required_text(found.claims, "sub")


def stated_name(name: str, metadata: Metadata) -> bool:
    """Whether `iss` of an authorization answer names this provider (RFC 9207 §2.4)."""
    return name == metadata.issuer


def _no_name(answer: Mapping[str, str]) -> str:
    return ""


def _verified_email(claims: Claims) -> bool:
    return is_true(claims.get("email_verified"))


def _never(claims: Claims) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityEvents:
    """What a provider sends unasked. `token`: the signed token in a body, or None. `read`: what
    its claims say, once they are known to be the provider's."""

    token: Callable[[str, bytes], str | None]
    read: Callable[[Claims, str], Sequence[SecurityEvent]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderQuirks:
    """How a provider differs from OpenID Connect as it is written.

    `known`: its metadata, so that nothing has to be discovered. `parameters` of the authorization
    request; `fresh` more of them, to make the person sign in anew, and `tells_freshness` whether
    the ID token then must say when they did. `opaque` reads an access token of the provider's own.
    """

    title: str = ""
    known: Metadata | None = None
    scope: str = "openid profile email"
    parameters: Mapping[str, str] = field(default_factory=dict)
    fresh: Mapping[str, str] = field(default_factory=lambda: {"prompt": "login", "max_age": "0"})
    tells_freshness: bool = True
    proof_key: bool = True
    responds_by_form_post: bool = False
    nonce_needed: bool = True  # of native ID tokens
    direct_redirect_uri: str = ""
    who: Callable[[Verified, Metadata], Who] = stated_subject
    is_named: Callable[[str, Metadata], bool] = stated_name
    first_name: Callable[[Mapping[str, str]], str] = _no_name
    email_verified: Callable[[Claims], bool] = _verified_email
    authoritative: Callable[[Claims], bool] = _never
    secret: Callable[[datetime], Secret] | None = None
    opaque: Callable[[Secret, Metadata], Awaitable[Claims]] | None = None
    messages: SecurityEvents | None = None


class Oidc:
    """One of our registrations at one OpenID provider."""

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
        self._dialect = quirks or ProviderQuirks()
        self._discovery = Discovery(policy, http_client, clock, self._dialect.known)
        self._keys = PublicKeys(http_client, clock, self._jwks_uri)
        self._ours = frozenset({policy.client_id, *policy.audiences})

    @property
    def name(self) -> str:
        return self._policy.name

    @property
    def title(self) -> str:
        return self._policy.title or self._dialect.title or self._policy.name

    @property
    def responds_by_form_post(self) -> bool:
        return self._dialect.responds_by_form_post

    async def destination(self) -> str:
        return self._server(await self._discovery.get()).destination()

    async def authorization_url(self, authorization_context: AuthorizationContext) -> str:
        server = self._server(await self._discovery.get())
        more = {"nonce": authorization_context.nonce, **self._dialect.parameters}
        if authorization_context.fresh:
            more |= self._dialect.fresh
        return server.authorization_url(authorization_context, more)

    async def handle_callback(
        self, answer: Mapping[str, str], authorization_context: AuthorizationContext
    ) -> Profile:
        metadata = await self._discovery.get()
        self._check_issuer(answer, metadata)
        server = self._server(metadata)
        code = server.code({name: answer[name] for name in answer if name != "iss"})
        granted = await server.exchange(
            code, authorization_context.redirect_uri, authorization_context.verifier
        )
        found, who = await self._issued(granted, metadata, authorization_context.nonce)
        self._check_freshness(found.claims, authorization_context)
        claims = await self._completed(found, granted, metadata)
        return self._profile(who, claims, granted.refresh_token, self._dialect.first_name(answer))

    async def redeem(self, code: Secret, redirect_uri: str | None) -> Profile:
        at = redirect_uri or self._policy.direct_redirect_uri or self._dialect.direct_redirect_uri
        if not at:
            raise BadCode("This code needs the redirectUrl that it was asked for with.")
        metadata = await self._discovery.get()
        granted = await self._server(metadata).exchange(code, at, None)
        found, who = await self._issued(granted, metadata, None)
        claims = await self._completed(found, granted, metadata)
        return self._profile(who, claims, granted.refresh_token)

    async def verify_native_token(
        self, token: Secret, refresh_token: Secret | None, nonce: str | None
    ) -> Profile:
        metadata = await self._discovery.get()
        if looks_signed(token.reveal()):
            found, who = await self._native(token, metadata, nonce)
            await self._spend(found)
            said = self._profile(who, found.claims, refresh_token)
            # It may have lain at the app for as long as it is good.
            return replace(said, said_at=moment(found.claims, "iat"))
        if self._dialect.opaque is None:
            raise BadToken("Send the ID token that the provider gave the app.")
        claims = await self._dialect.opaque(token, metadata)
        return self._profile((metadata.issuer, required_text(claims, "sub")), claims, refresh_token)

    async def examine(self) -> None:
        """Fetch what every sign-in needs, for the operator. Raises `ProviderFault`."""
        await self._discovery.get()
        await self._keys.fetch()

    async def notices(self, media_type: str, body: bytes) -> Sequence[SecurityEvent]:
        messages = self._dialect.messages
        if messages is None:
            raise no_security_events()
        raw = messages.token(media_type, body)
        if raw is None:
            raise bad_token("not a message of this provider")
        metadata = await self._discovery.get()
        try:
            found = await self._keys.verify(Secret(raw), metadata.algorithms)
        except Unsigned as fault:
            raise bad_token(f"a message: {fault}") from fault
        # Google names itself with a slash at the end here, and without one everywhere else.
        if found.claims.get("iss") not in (metadata.issuer, f"{metadata.issuer}/"):
            raise bad_token("a message of another issuer")
        check_event_token(found, self._ours, self._clock.now())
        return messages.read(found.claims, metadata.issuer)

    def _check_issuer(self, answer: Mapping[str, str], metadata: Metadata) -> None:
        """security.md 25, RFC 9207 §2.4: no other provider's answer is taken for this one's."""
        if "iss" not in answer:
            if metadata.names_itself:
                raise invalid_response("the authorization answer names no issuer")
        elif not self._dialect.is_named(answer["iss"], metadata):
            raise invalid_response("the authorization answer names another issuer")

    async def _jwks_uri(self) -> str:
        return (await self._discovery.get()).jwks_uri

    def _server(self, metadata: Metadata) -> OAuth2:
        policy = replace(self._policy, issuer="")  # the issuer is the metadata's affair
        if self._dialect.secret is not None:
            policy = replace(policy, client_secret=self._dialect.secret(self._clock.now()))
        server = AuthorizationServer(
            issuer=metadata.issuer,
            authorization_endpoint=metadata.authorization_endpoint,
            token_endpoint=metadata.token_endpoint,
            scope=self._dialect.scope,
            answers_as=frozenset({metadata.issuer}),
            secret_in_header=metadata.secret_in_header,
            proof_key=self._dialect.proof_key,
        )
        return OAuth2(policy, self._http_client, server)

    async def _issued(
        self, granted: Granted, metadata: Metadata, nonce: str | None
    ) -> tuple[Verified, Who]:
        """The ID token that came for our code, checked. Raises `InvalidProviderResponse`."""
        if granted.id_token is None:
            raise invalid_response("token endpoint: no ID token")
        expected = Expected(
            audiences=self._ours,
            authorized_party=self._policy.client_id,  # which asked for it
            nonce=nonce,
            access_token=granted.access_token,
        )
        try:
            found = await self._keys.verify(granted.id_token, metadata.algorithms)
            who = self._dialect.who(found, metadata)
            check_id_token(found, expected, self._clock.now())
        except Unsigned as fault:
            raise invalid_response(f"ID token: {fault}") from fault
        except BadToken as fault:
            raise invalid_response(f"ID token: {fault.because}") from fault
        return found, who

    async def _native(
        self, token: Secret, metadata: Metadata, nonce: str | None
    ) -> tuple[Verified, Who]:
        if nonce is None and self._dialect.nonce_needed:
            raise BadToken("Send the nonce that the app asked for the ID token with.")
        try:
            found = await self._keys.verify(token, metadata.algorithms)
        except Unsigned as fault:
            raise bad_token(f"ID token: {fault}") from fault
        who = self._dialect.who(found, metadata)
        check_id_token(found, Expected(audiences=self._ours, nonce=nonce), self._clock.now())
        return found, who

    async def _spend(self, found: Verified) -> None:
        # security.md 14, 29: a token that somebody saw on its way is good for nothing any more.
        until = moment(found.claims, "exp") + SKEW
        if not await self._replays.spend_once(found.fingerprint, until):
            raise bad_token("it was used before")

    def _check_freshness(self, claims: Claims, authorization_context: AuthorizationContext) -> None:
        if not authorization_context.fresh or not self._dialect.tells_freshness:
            return
        try:
            at = moment(claims, "auth_time")
        except BadToken:
            raise invalid_response("ID token: auth_time is missing") from None
        # OpenID Connect Core §3.1.3.7: `max_age` was asked for, so `auth_time` is looked at.
        if at < self._clock.now() - _FRESH_FOR - SKEW:
            raise invalid_response("ID token: the person did not sign in anew")

    async def _completed(self, found: Verified, granted: Granted, metadata: Metadata) -> Claims:
        """The claims, those that are missing from userinfo (OpenID Connect Core §5.3)."""
        claims = found.claims
        if not metadata.userinfo_endpoint or ("email" in claims and has_full_name(claims)):
            return claims
        answer = await self._http_client.get(
            metadata.userinfo_endpoint, headers=bearer(granted.access_token)
        )
        if not answer.ok:
            raise invalid_response(f"userinfo: status {answer.status}")
        more = answer.json()
        # §5.3.2: else somebody could put another person's answer in its place.
        if more.get("sub") != claims.get("sub"):
            raise invalid_response("userinfo: another person")
        if "email" in claims:
            # What is verified is the address that stands beside it, not just any.
            more = {key: more[key] for key in more if key not in ("email", "email_verified")}
        if not text(claims.get("name")).strip():
            claims = {key: claims[key] for key in claims if key != "name"}
        return {**more, **claims}

    def _profile(
        self, who: Who, claims: Claims, refresh_token: Secret | None, first_name: str = ""
    ) -> Profile:
        email = text(claims.get("email"))
        email = email if 0 < len(email) <= _LONGEST_EMAIL else ""
        verified = bool(email) and self._dialect.email_verified(claims)
        return Profile(
            provider=self._policy.name,
            issuer=who[0],
            subject=who[1],
            name=_spoken(full_name(claims) or first_name),
            email=email or None,
            email_verified=verified,
            email_authoritative=verified and self._is_authoritative(claims),
            methods=_methods(claims),
            refresh_token=refresh_token,
        )

    def _is_authoritative(self, claims: Claims) -> bool:
        if self._policy.authoritative is not None:
            return self._policy.authoritative
        return self._dialect.authoritative(claims)


def _spoken(name: str) -> str:
    """A name on one line, not endless."""
    kept = "".join(letter if letter.isprintable() else " " for letter in name)
    return " ".join(kept.split())[:_LONGEST_NAME]


def _methods(claims: Claims) -> tuple[str, ...]:
    listed = claims.get("amr")
    if not isinstance(listed, list) or not 0 < len(listed) <= _METHODS_AT_MOST:
        return ("fed",)
    kept = [each for each in listed if isinstance(each, str) and _is_method(each)]
    return tuple(kept) or ("fed",)


def _is_method(word: str) -> bool:
    return 0 < len(word) <= _LONGEST_METHOD and word.isascii() and word.isidentifier()
