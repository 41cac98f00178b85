"""The login JWT (v2-api.md §4): who a person is, told to the authorize endpoint and to nobody else.

Its `typ` and `aud` are its own, so no resource takes it for an access token (security.md §13), and
nothing else that we sign is taken for one here.
"""

from base64 import urlsafe_b64decode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.crypto.jwt import BadToken, base64url, unverified_kid, verify
from quantimodo.keys.keyring import Keyring
from quantimodo.model.identities import Identity
from quantimodo.model.secrets import Secret
from quantimodo.model.users import User
from quantimodo.ports.clock import Clock
from quantimodo.ports.stores import IdentityStore, TokenStore, UserStore
from quantimodo.protocol.discovery import AUTHORIZE
from quantimodo.protocol.vocabulary import LOGIN_TOKEN_TYPE
from quantimodo.tokens.login_origin import LoginOrigin, origin_of

LIFETIME: Final = timedelta(minutes=10)
_SEALED: Final = "sealed."  # no subject has a dot
_PURPOSE: Final = "subject of a login JWT"
_SKEW: Final = timedelta(minutes=1)  # between our own machines


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginIdentity:
    """Whom a live login JWT names, as they are now, and how they came."""

    user: User
    methods: tuple[str, ...]
    idp: str
    authenticated_at: datetime
    expires_at: datetime
    jti: str
    origin: LoginOrigin
    sid: None = None  # no browser session


@dataclass(frozen=True, slots=True)
class LoginTokens:
    issuer: str
    keyring: Keyring
    users: UserStore
    identities: IdentityStore
    tokens: TokenStore
    clock: Clock
    envelope: Envelope

    @property
    def audience(self) -> str:
        return self.issuer + AUTHORIZE

    def issue(
        self,
        user: User,
        *,
        methods: tuple[str, ...],
        idp: str,
        authenticated_at: datetime,
        jti: str,
        origin: LoginOrigin,
        sealed: bool = False,
    ) -> Secret:
        """A new one, good for `LIFETIME`. It is kept nowhere. `sealed`: `sub` can be read by this
        server alone, for applications that must not know a common name (OpenID Connect Core §8)."""
        now = self.clock.now()
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": self._seal(user.subject) if sealed else user.subject,
            "aud": self.audience,
            "iat": int(now.timestamp()),
            "exp": int((now + LIFETIME).timestamp()),
            "jti": jti,
            "amr": list(methods),
            "idp": idp,
            "auth_time": int(authenticated_at.timestamp()),
            **origin.claims(),
        }
        return Secret(self.keyring.signer("ES256").sign(claims, LOGIN_TOKEN_TYPE))

    async def verify(self, raw: str) -> LoginIdentity | None:
        """Whom it names; None for whatever is no live login JWT of a person who may sign in."""
        kid = unverified_kid(raw)
        verifier = None if kid is None else await self.keyring.verifier(kid)
        if verifier is None:
            return None
        try:
            claims = verify(raw, verifier, LOGIN_TOKEN_TYPE)
        except BadToken:
            return None
        # Signed by us and of this type, so its claims have the types that `issue` gave them.
        if claims.get("iss") != self.issuer or claims.get("aud") != self.audience:
            return None
        now, expires_at = self.clock.now(), datetime.fromtimestamp(claims["exp"], UTC)
        if expires_at <= now or datetime.fromtimestamp(claims["iat"], UTC) > now + _SKEW:
            return None
        origin = origin_of(claims)
        return None if origin is None else await self._token_status(claims, origin, expires_at)

    async def _token_status(
        self, claims: dict[str, Any], origin: LoginOrigin, expires_at: datetime
    ) -> LoginIdentity | None:
        if await self.tokens.is_revoked_jwt(claims["jti"]):
            return None
        user = await self.users.user_by_subject(self._subject(claims["sub"]))
        if user is None or user.disabled_at is not None:
            return None
        # What was unlinked, ended or signed out by its provider, or lost to the address's true
        # owner (security.md §22) since the JWT was made is no way in any more.
        identities = await self.identities.identities_of(user.id)
        linked = [one for one in identities if one.provider == claims["idp"]]
        authenticated_at = datetime.fromtimestamp(claims["auth_time"], UTC)
        if not linked or any(_ended_since(authenticated_at, one) for one in linked):
            return None
        return LoginIdentity(
            user=user,
            methods=tuple(claims["amr"]),
            idp=claims["idp"],
            authenticated_at=authenticated_at,
            expires_at=expires_at,
            jti=claims["jti"],
            origin=origin,
        )

    def _seal(self, subject: str) -> str:
        return _SEALED + base64url(self.envelope.seal(subject.encode(), _PURPOSE)).decode()

    def _subject(self, stated: str) -> str:
        if not stated.startswith(_SEALED):
            return stated
        padded = stated.removeprefix(_SEALED) + "=="
        try:
            return self.envelope.open(urlsafe_b64decode(padded), _PURPOSE).decode()
        except DecryptionFailed:  # the secret key was replaced meanwhile
            return ""

    async def revoke(self, jti: str) -> None:
        """End the JWT with this id, whenever up to now it was issued."""
        await self.tokens.revoke_jwt(jti, self.clock.now() + LIFETIME + _SKEW)


def _ended_since(authenticated_at: datetime, identity: Identity) -> bool:
    # The claim has whole seconds: of the second in which it was signed out, nothing counts.
    ended_at = identity.signed_out_at
    return ended_at is not None and authenticated_at < ended_at
