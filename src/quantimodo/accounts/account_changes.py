"""What signed-in people change about their own account.

Owns re-authentication before e-mail or password changes, and the new session
id after it (security.md §18).
"""

from dataclasses import dataclass

from quantimodo.accounts.addresses import email_address, person_name
from quantimodo.accounts.credentials import Credentials
from quantimodo.accounts.emails.account_templates import EmailTemplates
from quantimodo.accounts.emails.notifier import AccountNotifier
from quantimodo.accounts.emails.tokens import EmailTokens
from quantimodo.accounts.errors import DomainError, InvalidInput
from quantimodo.accounts.recovery import Recovery
from quantimodo.accounts.sessions import Sessions, require_fresh
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import Session
from quantimodo.model.texts import N_
from quantimodo.model.users import fold_email
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanges:
    users: UserStore
    email_tokens: EmailTokens
    sessions: Sessions
    credentials: Credentials
    recovery: Recovery
    notifier: AccountNotifier
    clock: Clock

    async def change_password(
        self, session: Session, current: Secret, new: Secret, *, end_tokens: bool = False
    ) -> Secret:
        """Replace the password after the current one was proved; all other sessions end, and with
        `end_tokens` the personal tokens. Returns the cookie of the renewed session. Raises
        `InvalidInput`, `DomainError` and `TooMany`."""
        user = session.user
        await self.credentials.check_new(
            new, email=user.email, name=user.name, address=session.address
        )
        held = await self.credentials.prove(session, current)
        if held is None:
            raise DomainError(N_("This account has no password yet. Reload the page, and set one."))
        fresh = await self.credentials.hash(new)
        if not await self.credentials.replace(user, held, fresh):
            raise DomainError(N_("The password was changed just now, elsewhere. Sign in again."))
        if user.email is not None:
            await self.email_tokens.revoke("reset_password", user.email)
        self._record("password.changed", session)
        cookie = await self.sessions.renew(session)
        if end_tokens:
            await self.credentials.personal_tokens.end_all(user, session.address)
        await self.notifier.notify(user, EmailTemplates.password_changed)
        return await self.credentials.admit(user, fresh, cookie)

    async def set_first_password(self, session: Session, new: Secret) -> Secret:
        """Give a password to an account without one, in a session that is fresh. Returns the cookie
        of the renewed session. Raises `InvalidInput` and `DomainError`."""
        user = session.user
        if user.email is None:
            raise DomainError(
                N_(
                    "A password needs an e-mail address. First add one to your account, then"
                    " come back."
                )
            )
        await self.credentials.check_new(
            new, email=user.email, name=user.name, address=session.address
        )
        require_fresh(session, self.clock.now())
        fresh = await self.credentials.hash(new)
        if not await self.credentials.add(session, fresh):
            raise DomainError(
                N_("Nothing was changed: there is a password now, or you were signed out.")
            )
        await self.email_tokens.revoke("reset_password", user.email)
        self._record("password.set", session)
        cookie = await self.sessions.renew(session, proved=False)
        await self.notifier.notify(user, EmailTemplates.password_set)
        return await self.credentials.admit(user, fresh, cookie)

    async def rename(self, session: Session, name: str) -> None:
        """Set the name that pages and applications show. Raises `InvalidInput`."""
        await self.users.rename_user(session.user.id, person_name(name), self.clock.now())

    async def change_email(self, session: Session, current: Secret, email: str) -> Secret:
        """Send a link to the new address, which becomes the account's when the link is opened.
        Returns the cookie of the renewed session. Raises `InvalidInput`, `DomainError` and
        `TooMany`."""
        user = session.user
        email = email_address(email)
        if user.email is not None and fold_email(email) == fold_email(user.email):
            raise InvalidInput("email", N_("This is the address of your account already."))
        held = await self.credentials.prove(session, current)
        await self.recovery.request_email_change(user, email, held)
        self._record("email.change_requested", session)
        return await self.credentials.renew(session, held)

    def _record(self, kind: str, session: Session) -> None:
        self.notifier.record(kind, session.user.id, session.address)
