"""One-time codes that are exchanged for a login JWT (v2-api.md §2.4, §2.5).

Owns the binding of a code and its single use. `tokens/login_jwts.py` mints the JWT. Its id is
minted here, together with the code, so that a second use can revoke the JWT of the first.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NoReturn, Protocol

from quantimodo.crypto.jwt import base64url
from quantimodo.crypto.tokens import Kind, key_of, mint
from quantimodo.model.budgets import Charge
from quantimodo.model.events import Event
from quantimodo.model.identities import LoginCode
from quantimodo.model.secrets import Secret
from quantimodo.ports.audit import Audit
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.federation_stores import LoginCodeStore
from quantimodo.protocol.errors import InvalidGrant
from quantimodo.protocol.pkce import check_verifier

LIFETIME: Final = timedelta(seconds=60)
_NOT_GOOD: Final = "the code is not good for this provider and app"


class Revoker(Protocol):
    async def revoke(self, jti: str) -> None:
        """End the login JWT with this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamSignIn:
    """A person who has just signed in at a provider. `new_user`: the account was created now."""

    provider: str
    user_id: int
    methods: tuple[str, ...]
    new_user: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeBinding:
    """The applications that a code is valid for (None: any), the address that it is sent to, and
    its PKCE challenge (RFC 7636 §4.2)."""

    clients: tuple[str, ...] | None
    redirect_url: str
    challenge: str | None


@dataclass(frozen=True, slots=True)
class MintedCode:
    """A new code, and the id of the login JWT that it is exchanged for."""

    raw: Secret
    jti: str


@dataclass(frozen=True, slots=True)
class LoginCodes:
    store: LoginCodeStore
    revoker: Revoker
    clock: Clock
    entropy: Entropy
    audit: Audit

    async def mint(
        self, sign_in: UpstreamSignIn, binding: CodeBinding, charge: Charge | None = None
    ) -> MintedCode:
        """Store a new code, valid for `LIFETIME`."""
        now = self.clock.now()
        minted, jti = mint(Kind.LOGIN_CODE, now, self.entropy), self.mint_jti()
        code = LoginCode(
            key=minted.key,
            provider=sign_in.provider,
            user_id=sign_in.user_id,
            clients=binding.clients,
            redirect_url=binding.redirect_url,
            challenge=binding.challenge,
            methods=sign_in.methods,
            new_user=sign_in.new_user,
            jti=jti,
            authenticated_at=now,
            expires_at=now + LIFETIME,
        )
        await self.store.add_login_code(code, charge)
        return MintedCode(minted.raw, jti)

    def mint_jti(self) -> str:
        """A random id for a login JWT (160 bits)."""
        return base64url(self.entropy.bytes(20)).decode()

    async def redeem(
        self, raw: str, *, provider: str, client_id: str | None, verifier: str | None
    ) -> LoginCode:
        """Use the code, once. Raises `InvalidGrant`.

        Of any number of concurrent calls at most one returns; each of the others revokes its JWT.
        """
        key = key_of(Kind.LOGIN_CODE, raw)
        login_code = None if key is None else await self.store.login_code(key)
        # Unknown and foreign codes get the same error, so that codes cannot be probed.
        if (
            login_code is None
            or login_code.provider != provider
            or _is_foreign(login_code, client_id)
        ):
            raise InvalidGrant(_NOT_GOOD)
        if login_code.redeemed_at is not None:
            await self._refuse_replay(login_code)
        now = self.clock.now()
        if login_code.expires_at <= now:
            raise InvalidGrant("the code has expired")
        check_verifier(login_code.challenge, verifier)
        if not await self.store.redeem_login_code(login_code.key, now):
            await self._refuse_replay(login_code)
        return login_code

    async def _refuse_replay(self, login_code: LoginCode) -> NoReturn:
        # Two parties have the code, so the JWT of the first use is not trusted either.
        await self.revoker.revoke(login_code.jti)
        self.audit.record(
            Event(at=self.clock.now(), kind="login_code.replayed", user_id=login_code.user_id)
        )
        raise InvalidGrant("the code was used before", because="replay of a login code")


def _is_foreign(code: LoginCode, client_id: str | None) -> bool:
    # security.md §3. The page of 2016 sends no clientId; one that is sent must be the code's.
    return None not in (client_id, code.clients) and client_id not in (code.clients or ())
