"""Recovery of an account whose person has neither the second factor nor a recovery code.

The factor is removed after a delay, in which the person can cancel it from the mailbox, from a
session and by the factor itself. The mailbox alone is not enough: the first proof must be one that
an e-mailed link cannot give, a password that was not set by such a link, or a provider.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from quantimodo.accounts.emails.tokens import EmailTokens
from quantimodo.accounts.errors import DomainError
from quantimodo.accounts.second_factors.notices import SecondFactorNotices
from quantimodo.model.factor_recoveries import FactorRecovery
from quantimodo.model.sessions import PendingLogin
from quantimodo.model.texts import N_
from quantimodo.model.users import User
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.clock import Clock
from quantimodo.ports.factor_recovery_store import FactorRecoveryStore

WINDOW: Final = timedelta(days=14)
"""How long the removal can be completed once it is due."""

_OFF: Final = N_(
    "Ask the people who run this server: they can turn two-step verification off for you."
)
_UNVERIFIED: Final = N_("Your account has no confirmed e-mail address. %(off)s", off=_OFF)
_FROM_LINK: Final = N_(
    "You set your password by an e-mailed link, so it only shows that you can read your mail."
    " %(off)s",
    off=_OFF,
)
_BY_EMAIL: Final = N_(
    "You signed in by a code from your mail. For this, sign in with your password, or by a linked"
    " account."
)
_GONE: Final = N_("This is not possible now. It was cancelled, or is not due.")

State = Literal["off", "possible", "requested", "due"]


@dataclass(frozen=True, slots=True)
class RecoveryStatus:
    """What a person in a pending login can do; `due_at` is None before the request."""

    state: State
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorRecoveries:
    """`delay`: 0 if the operator offers no such recovery."""

    store: FactorRecoveryStore
    users: UserStore
    email_tokens: EmailTokens
    notices: SecondFactorNotices
    delay: timedelta
    clock: Clock

    async def status(self, user: User) -> RecoveryStatus:
        """The status of a person who is signed in, or in a pending login."""
        recovery, now = await self.store.factor_recovery(user.id), self.clock.now()
        if recovery is None or recovery.expires_at <= now:
            return RecoveryStatus("possible" if self.delay else "off")
        return RecoveryStatus("due" if recovery.due_at <= now else "requested", recovery.due_at)

    async def request(self, pending: PendingLogin, *, by_email: bool) -> None:
        """Start the delay, once; a second request changes nothing. The person gets an e-mail with a
        link that cancels it. `by_email`: the first proof was a code from the mailbox, which does
        not suffice. Raises `DomainError`."""
        user, now = pending.user, self.clock.now()
        if not self.delay:
            raise DomainError(_OFF)
        if user.verified_email is None:
            raise DomainError(_UNVERIFIED)
        if by_email:
            raise DomainError(_BY_EMAIL)
        if await self.store.is_password_from_link(user.id):
            raise DomainError(_FROM_LINK)
        due_at = now + self.delay
        recovery = FactorRecovery(
            user_id=user.id, requested_at=now, due_at=due_at, expires_at=due_at + WINDOW
        )
        if not await self.store.add_factor_recovery(recovery):
            return
        raw = await self.email_tokens.mint(
            "cancel_recovery", user.verified_email, self.delay + WINDOW, user_id=user.id
        )
        await self.notices.recovery_requested(user, raw, due_at)

    async def complete(self, pending: PendingLogin, *, by_email: bool) -> None:
        """Remove the factor; the person signs in again. Raises `DomainError`."""
        if by_email:
            raise DomainError(_BY_EMAIL)
        if not await self.store.complete_factor_recovery(pending.user.id, self.clock.now()):
            raise DomainError(_GONE)
        await self._delete_links(pending.user)
        await self.notices.recovery_completed(pending.user)

    async def cancel(self, user: User) -> bool:
        """Cancel the request of this person; False if there was none."""
        cancelled = await self.store.cancel_factor_recovery(user.id)
        if cancelled:
            await self._delete_links(user)
            self.notices.recovery_cancelled(user)
        return cancelled

    async def cancel_by_link(self, raw: str) -> bool:
        """Cancel a recovery by the e-mailed link; False if the link is not valid any more."""
        email_token = await self.email_tokens.find("cancel_recovery", raw)
        if email_token is None or email_token.user_id is None:
            return False
        user = await self.users.user(email_token.user_id)
        if user is None or not await self.email_tokens.take(email_token):
            return False
        return await self.cancel(user)

    async def record_factor_use(self, user: User) -> None:
        """The person signed in with the second factor or a passkey: cancel the request, if any."""
        if await self.store.record_factor_use(user.id):
            await self._delete_links(user)
            self.notices.recovery_cancelled(user)

    async def _delete_links(self, user: User) -> None:
        if user.email is not None:
            await self.email_tokens.revoke("cancel_recovery", user.email)
