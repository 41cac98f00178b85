"""The one place that starts a session when a person signs in.

Owns what must still hold when the session starts: the proof by which the person signed in was not
taken away in the meantime. How a proof is checked first is in `accounts.py`, `recovery.py`,
`sign_up.py` and, for providers, in `federation/social_accounts.py`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from quantimodo.accounts.errors import DomainError
from quantimodo.accounts.sessions import Sessions
from quantimodo.model.secrets import Secret
from quantimodo.model.users import User
from quantimodo.ports.stores import IdentityStore, UserStore

_PASSWORD_CHANGED: Final = "The ways to sign in were changed just now. Sign in again."
_IDENTITY_REMOVED: Final = "This way of signing in was removed just now. Sign in again."


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordProof:
    """The person proved that they know, or just chose, the password with this hash."""

    password_hash: str = field(repr=False)
    methods: tuple[str, ...] = ("pwd",)


@dataclass(frozen=True, slots=True)
class IdentityProof:
    """A provider confirmed the person. `signed_out_at` is that of the identity at that time."""

    issuer: str
    subject: str
    signed_out_at: datetime | None
    methods: tuple[str, ...]


Proof = PasswordProof | IdentityProof


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginBrowser:
    """The browser that signs in. `replaces` is its session cookie, if it has one."""

    address: str
    agent: str
    replaces: Secret | None = None


@dataclass(frozen=True, slots=True)
class StartedSession:
    """The person is signed in. `cookie` is the value of the session cookie."""

    cookie: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Starts sessions for every kind of proof."""

    sessions: Sessions
    users: UserStore
    identities: IdentityStore

    async def complete_login(
        self, user: User, proof: Proof, browser: LoginBrowser
    ) -> StartedSession:
        """Start a session. Its `amr` values are the methods of the proof.

        Raises `DomainError` when the account was deleted, or the proof no longer holds.
        """
        cookie = await self.sessions.start(
            user,
            methods=proof.methods,
            address=browser.address,
            agent=browser.agent,
            replaces=browser.replaces,
        )
        # A change that takes a proof away ends the sessions afterwards. A session that starts
        # between the check of the proof and that end is ended there; a later one is found here.
        if not await self.is_valid(user, proof):
            await self.sessions.discard(user.id, cookie)
            raise DomainError(
                _PASSWORD_CHANGED if isinstance(proof, PasswordProof) else _IDENTITY_REMOVED
            )
        return StartedSession(cookie)

    async def is_valid(self, user: User, proof: Proof) -> bool:
        """Whether the password, or the identity, by which the person signed in is still theirs."""
        if isinstance(proof, PasswordProof):
            return await self.users.password_hash(user.id) == proof.password_hash
        found = await self.identities.identity(proof.issuer, proof.subject)
        if found is None or found.user_id != user.id:
            return False
        return found.signed_out_at == proof.signed_out_at
