"""The one place that starts a session when a person signs in.

Owns whether a login needs a second factor, and the check that the proof still holds when the
session starts. The proof itself is verified in `password_sign_in.py`, `recovery.py`, `sign_up.py`
and, for providers, in `federation/social_accounts.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import msgspec

from quantimodo.accounts.errors import DomainError
from quantimodo.accounts.pending_logins import PendingLogins
from quantimodo.accounts.second_factors.check import SecondFactorCheck
from quantimodo.accounts.sessions import Sessions, printable
from quantimodo.accounts.throttle import Throttle
from quantimodo.crypto.digests import digest
from quantimodo.crypto.tokens import Kind, key_of
from quantimodo.model.events import Event
from quantimodo.model.provider_sessions import ProviderSession
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import PendingLogin
from quantimodo.model.texts import N_
from quantimodo.model.users import User
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.audit import Audit
from quantimodo.ports.clock import Clock
from quantimodo.ports.federation_stores import IdentityStore

_PASSWORD_CHANGED: Final = N_("The ways to sign in were changed just now. Sign in again.")
_IDENTITY_REMOVED: Final = N_("This way of signing in was removed just now. Sign in again.")
_PASSKEY_REMOVED: Final = N_("This passkey was removed just now. Sign in another way.")
_WRONG_FACTOR: Final = N_("This is not right. Try again.")


class LoginExpired(DomainError):
    """The pending login is too old, or was completed."""


class PasswordProof(msgspec.Struct, frozen=True, tag="password"):
    """The person proved that they know, or just chose, a password. `mark` is the digest of its
    hash."""

    mark: bytes
    methods: tuple[str, ...] = ("pwd",)

    @classmethod
    def of(cls, password_hash: str) -> "PasswordProof":
        """The proof of the password with this hash."""
        return cls(digest(password_hash))


class IdentityProof(msgspec.Struct, frozen=True, tag="identity"):
    """A provider confirmed the person. `signed_out_at` is that of the identity at that time."""

    issuer: str
    subject: str
    signed_out_at: datetime | None
    methods: tuple[str, ...]
    session: ProviderSession | None = None  # the session at the provider, if it is recorded


class PasskeyProof(msgspec.Struct, frozen=True, tag="passkey"):
    """The person used a passkey, whose authenticator verified them: no second factor is needed."""

    credential_id: bytes
    methods: tuple[str, ...]


class EmailProof(msgspec.Struct, frozen=True, tag="email"):
    """The person reads the mails of this address, which is the confirmed one of the account. RFC
    8176 has no value for that."""

    email: str
    methods: tuple[str, ...] = ()


Proof = PasswordProof | IdentityProof | PasskeyProof | EmailProof


_REMOVED: Final[Mapping[type[Proof], str]] = {
    PasswordProof: _PASSWORD_CHANGED,
    IdentityProof: _IDENTITY_REMOVED,
    PasskeyProof: _PASSKEY_REMOVED,
    EmailProof: _PASSWORD_CHANGED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginBrowser:
    """The browser that signs in. `replaces` is its session cookie, if it has one; `device_cookies`
    are by name. `trusted` is its cookie of a trusted browser, where that may replace the second
    factor."""

    address: str
    agent: str
    replaces: Secret | None = None
    device_cookies: Mapping[str, str] = field(default_factory=dict, repr=False)
    trusted: Secret | None = None


@dataclass(frozen=True, slots=True)
class StartedSession:
    """The person is signed in. `cookie` is the value of the session cookie. `closed`: the person
    closed the account, and the session can only keep it. `trusted_cookie` is that of a browser that
    is trusted from now on."""

    cookie: Secret
    closed: bool = False
    trusted_cookie: Secret | None = None

    @property
    def session_key(self) -> bytes:
        """The key of the session."""
        return key_of(Kind.SESSION, self.cookie.reveal()) or b""


@dataclass(frozen=True, slots=True)
class SecondFactorNeeded:
    """The login is pending. `pending_cookie` is the value of the cookie that continues it."""

    pending_cookie: Secret


LoginResult = StartedSession | SecondFactorNeeded


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Completes logins by each kind of proof."""

    sessions: Sessions
    users: UserStore
    identities: IdentityStore
    pending: PendingLogins
    throttle: Throttle
    clock: Clock
    audit: Audit
    second_factors: SecondFactorCheck

    async def complete_login(self, user: User, proof: Proof, browser: LoginBrowser) -> LoginResult:
        """Start a session, or a pending login for a person who needs a second factor.

        The session's `amr` values are the methods of all proofs. Raises `DomainError` when the
        account was deleted, or the proof no longer holds, `TooMany` for too many sessions.
        """
        if isinstance(proof, PasskeyProof):
            # A person who signs in with a passkey has not lost the account, so a recovery is
            # cancelled.
            await self.second_factors.recoveries.record_factor_use(user)
            return await self._start(user, proof, browser)
        if not await self.second_factors.is_needed(user, browser.trusted):
            return await self._start(user, proof, browser)
        return SecondFactorNeeded(await self.pending.start(user, msgspec.json.encode(proof)))

    async def complete_pending(
        self,
        cookie: Secret | None,
        response: Secret,
        browser: LoginBrowser,
        *,
        trust: bool = False,
    ) -> StartedSession:
        """Start the session of a pending login, by the response to its second factor. `trust`: the
        person wants to sign in without the factor in this browser for a while.

        Raises `LoginExpired`, `DomainError` for a wrong response, and `TooMany`.
        """
        pending = await self.pending.find(cookie)
        factor = None if pending is None else await self.second_factors.factor_of(pending.user)
        if pending is None or factor is None:
            raise LoginExpired(N_("This sign-in took too long. Sign in again."))
        methods = await self.second_factors.verify(
            factor, pending, response, browser.device_cookies
        )
        if methods is None:
            self._record_refusal(pending.user, browser.address)
            raise DomainError(_WRONG_FACTOR)
        started = await self.finish_pending(pending, methods, browser)
        if not trust:
            return started
        trusted = self.second_factors.trusted_browsers
        added = await trusted.add(pending, browser.address, browser.agent)
        return replace(started, trusted_cookie=added)

    async def finish_pending(
        self, pending: PendingLogin, methods: tuple[str, ...], browser: LoginBrowser
    ) -> StartedSession:
        """Start the session of a pending login whose second proof was given just now by `methods`.

        Raises `LoginExpired` when it was completed already, and `DomainError`.
        """
        if not await self.pending.take(pending):
            raise LoginExpired(N_("This sign-in was completed already."))
        await self.second_factors.recoveries.record_factor_use(pending.user)
        first = proof_of(pending)
        every = dict.fromkeys((*first.methods, *methods, "mfa"))  # RFC 8176 §2
        proof = msgspec.structs.replace(first, methods=tuple(every))
        return await self._start(pending.user, proof, browser)

    async def is_valid(self, user: User, proof: Proof) -> bool:
        """Whether the password, the identity or the passkey by which the person signed in is still
        theirs."""
        if isinstance(proof, PasswordProof):
            held = await self.users.password_hash(user.id)
            return held is not None and digest(held) == proof.mark
        if isinstance(proof, PasskeyProof):
            return await self.second_factors.has_passkey(user, proof.credential_id)
        if isinstance(proof, EmailProof):
            known = await self.users.user(user.id)
            return known is not None and known.verified_email == proof.email
        found = await self.identities.identity(proof.issuer, proof.subject)
        if found is None or found.user_id != user.id:
            return False
        return found.signed_out_at == proof.signed_out_at

    async def _start(self, user: User, proof: Proof, browser: LoginBrowser) -> StartedSession:
        await self.throttle.start_session(user.id, browser.address)
        cookie = await self.sessions.start(
            user,
            methods=proof.methods,
            address=browser.address,
            agent=browser.agent,
            replaces=browser.replaces,
            provider=proof.session if isinstance(proof, IdentityProof) else None,
        )
        # A change that takes a proof away ends the sessions afterwards. A session that starts
        # between the check of the proof and that end is ended there; a later one is found here.
        if not await self.is_valid(user, proof):
            await self.sessions.discard(user.id, cookie)
            raise DomainError(_REMOVED[type(proof)])
        return StartedSession(cookie, user.closed)

    def _record_refusal(self, user: User, address: str) -> None:
        where, now = printable(address, 64), self.clock.now()
        self.audit.record(
            Event(at=now, kind="second_factor.refused", user_id=user.id, address=where)
        )


def proof_of(pending: PendingLogin) -> Proof:
    """The first proof of a pending login."""
    proof: Proof = msgspec.json.decode(pending.proof, type=Proof)
    return proof
