"""Closes an account at once, and deletes it after a grace period in which its person can keep it.

The person of a closed account can sign in only to keep it; no application can use it. Every method
may run in several processes at once, and again after a crash.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from quantimodo.accounts.credentials import Credentials
from quantimodo.accounts.emails.account_templates import EmailTemplates
from quantimodo.accounts.emails.notifier import AccountNotifier
from quantimodo.accounts.errors import AccountDeleted, DomainError
from quantimodo.accounts.sessions import Sessions
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import Session
from quantimodo.model.texts import N_
from quantimodo.ports.account_stores import AccountClosingStore, UserStore

_AT_ONCE: Final = 10  # accounts of one round
_TOO_LATE: Final = N_("It is too late to keep this account: it is being deleted.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDeletion:
    """`grace`: how long a closed account can be kept."""

    users: UserStore
    closings: AccountClosingStore
    sessions: Sessions
    credentials: Credentials
    notifier: AccountNotifier
    grace: timedelta

    async def close(self, session: Session, current: Secret) -> Secret:
        """Close the account: every session, authorization and login code ends, and the logout
        notifications of its applications become due. Returns the cookie of a session that can only
        keep the account. Raises what `Credentials.prove` raises, `TooMany` for too many sessions,
        and `AccountDeleted`."""
        user, now = session.user, self._now()
        await self.credentials.prove(session, current)
        # The session that follows has its own limit of changes.
        await self.credentials.throttle.start_session(user.id, session.address)
        deletes_at = await self.closings.close_account(user.id, now, now + self.grace)
        if deletes_at is None:
            raise AccountDeleted
        self.sessions.wake_logout_sender()
        self.notifier.record("account.closed", user.id, session.address)
        await self.notifier.notify(user, lambda emails, to: emails.account_closed(to, deletes_at))
        return await self.sessions.renew(session, proved=False)

    async def reopen(self, session: Session) -> Secret:
        """Open the closed account of this session again. Returns the cookie of a usual session.
        Raises `DomainError` when the deletion is due."""
        user, now = session.user, self._now()
        if not await self.closings.reopen_account(user.id, now):
            raise DomainError(_TOO_LATE)
        self.notifier.record("account.kept", user.id, session.address)
        await self.notifier.notify(user, EmailTemplates.account_kept)
        return await self.sessions.renew(session, proved=False)

    async def delete_due(self) -> int:
        """Delete the closed accounts whose grace period is over. Returns their number."""
        deleted = 0
        for user in await self.closings.closed_accounts(self._now(), _AT_ONCE):
            if await self.closings.claim_deletion(user.id, self._now()):
                # Sent before the row with the address is deleted: after a crash in between, the
                # e-mail is sent twice, and never omitted.
                await self.notifier.notify(user, EmailTemplates.account_deleted)
                await self.users.delete_user(user.id, self._now())
                # Without the person's id, which no table holds any more.
                self.notifier.record("account.deleted", None)
                deleted += 1
        return deleted

    def _now(self) -> datetime:
        return self.sessions.clock.now()
