"""The login JWT (v2-api.md §4): it identifies a person to the authorize endpoint only.

No other token has its `typ` and `aud`, so no resource accepts it as an access token (security.md
§13), and no other token of this server is accepted here.
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
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.clock import Clock
from quantimodo.ports.federation_stores import IdentityStore
from quantimodo.ports.grant_stores import TokenStore
from quantimodo.protocol.constants import LOGIN_TOKEN_TYPE
from quantimodo.protocol.discovery import AUTHORIZE
from quantimodo.tokens.login_origin import LoginOrigin, origin_of

LIFETIME: Final = timedelta(minutes=10)
_SEALED: Final = "sealed."  # no subject has a dot
_PURPOSE: Final = "subject of a login JWT"
_SKEW: Final = timedelta(minutes=1)  # between the machines of this server


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamAuthentication:
    """How and when a person signed in at a provider: the claims `idp`, `amr` and `auth_time`."""

    idp: str
    methods: tuple[str, ...]
    authenticated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginIdentity:
    """The person of a valid login JWT, as stored now, and how they signed in."""

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
        """The `aud` of login JWTs: the address of the authorize endpoint."""
        return self.issuer + AUTHORIZE

    def mint(
        self,
        user: User,
        authentication: UpstreamAuthentication,
        *,
        jti: str,
        origin: LoginOrigin,
        sealed: bool = False,
    ) -> Secret:
        """A new login JWT, valid for `LIFETIME`; it is not stored. `sealed`: only this server can
        read `sub`, for applications with pairwise subjects (OpenID Connect Core §8)."""
        now = self.clock.now()
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": self._seal(user.subject) if sealed else user.subject,
            "aud": self.audience,
            "iat": int(now.timestamp()),
            "exp": int((now + LIFETIME).timestamp()),
            "jti": jti,
            "amr": list(authentication.methods),
            "idp": authentication.idp,
            "auth_time": int(authentication.authenticated_at.timestamp()),
            **origin.claims(),
        }
        return Secret(self.keyring.signer("ES256").sign(claims, LOGIN_TOKEN_TYPE))

    async def verify(self, raw: str) -> LoginIdentity | None:
        """The person; None unless it is a valid login JWT of a person who may sign in."""
        kid = unverified_kid(raw)
        verifier = None if kid is None else await self.keyring.verifier(kid)
        if verifier is None:
            return None
        try:
            claims = verify(raw, verifier, LOGIN_TOKEN_TYPE)
        except BadToken:
            return None
        # Signed by this server and of this type, so its claims have the types that `mint` gives.
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
        if user is None or not user.usable:
            return None
        # An identity that was unlinked, ended or signed out by its provider, or lost to the owner
        # of the address (security.md §22) since the JWT was issued does not sign in any more.
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
        except DecryptionFailed:  # the secret key was replaced in the meantime
            return ""

    async def revoke(self, jti: str) -> None:
        """Revoke the JWT with this id, which was issued before now."""
        await self.tokens.revoke_jwt(jti, self.clock.now() + LIFETIME + _SKEW)


def _ended_since(authenticated_at: datetime, identity: Identity) -> bool:
    # The claim has whole seconds: a JWT of the second of the sign-out is refused too.
    ended_at = identity.signed_out_at
    return ended_at is not None and authenticated_at < ended_at
