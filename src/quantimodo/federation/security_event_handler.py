"""Applies a provider's security events to the accounts, sessions and authorizations of a person.

`endpoints/social_security_events.py` receives the events and applies each of them once.
"""

import asyncio
from dataclasses import dataclass

from quantimodo.accounts.emails.account_templates import EmailTemplates
from quantimodo.accounts.emails.notifier import AccountNotifier
from quantimodo.model.provider_sessions import EndedProviderSession
from quantimodo.model.users import User
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.clock import Clock
from quantimodo.ports.federation_stores import IdentityStore, ProviderSessionStore


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityEventHandler:
    """Every event that is passed in was verified by its provider's file.

    `logout_wakeup` is set when sessions have ended.
    """

    users: UserStore
    identities: IdentityStore
    provider_sessions: ProviderSessionStore
    notifier: AccountNotifier
    clock: Clock
    logout_wakeup: asyncio.Event | None = None

    async def end(self, issuer: str, subject: str) -> int | None:
        """The provider deleted the account: delete the identity, and end every session and every
        authorization of its person. Returns the person's id."""
        ended = await self._end(issuer, subject)
        if ended is None:
            return None
        user, provider = ended
        self.notifier.record("identity.ended", user.id, detail=provider)
        await self.notifier.notify(user, EmailTemplates.identity_ended)
        return user.id

    async def sign_out(self, issuer: str, subject: str) -> int | None:
        """The provider signed its account out: end every session of the person, and void unused
        sign-ins through this identity, which stays linked. Returns the person's id."""
        return await self._sign_out(issuer, subject, grants=False)

    async def end_sessions(self, ended: EndedProviderSession, provider: str) -> int:
        """The provider ended a session there: end the sessions that began from it, and return the
        number of their people. Other sessions of a person stay."""
        people = await self.provider_sessions.end_provider_sessions(ended, self.clock.now())
        for user_id in people:
            self.notifier.record("identity.signed_out", user_id, detail=provider)
        if people:
            self._wake_logout_sender()
        return len(people)

    async def end_recorded_sessions(self, ended: EndedProviderSession, provider: str) -> int:
        """As `end_sessions`, for a message that its provider did not sign: without a session here
        that began from `ended.sid`, nothing is stored."""
        if not await self.provider_sessions.is_recorded(ended.issuer, ended.sid):
            return 0
        return await self.end_sessions(ended, provider)

    async def suspend(self, issuer: str, subject: str) -> int | None:
        """The provider disabled the account, for example after a takeover: like `sign_out`, and
        end every authorization of the person. Returns the person's id."""
        user_id = await self._sign_out(issuer, subject, grants=True)
        user = None if user_id is None else await self.users.user(user_id)
        if user is not None:
            await self.notifier.notify(user, EmailTemplates.identity_suspended)
        return user_id

    async def delete_data(self, issuer: str, subject: str) -> int | None:
        """The person requests, through the provider, deletion of its data: `end`, and if that was
        the only sign-in method, delete the account. Returns the person's id."""
        ended = await self._end(issuer, subject)
        if ended is None:
            return None
        user, provider = ended
        if (await self.users.sign_in_methods(user.id)).is_empty:
            await self.users.delete_user(user.id, self.clock.now())
            # Without the person's id, which no table holds any more.
            self.notifier.record("account.deleted", None)
            await self.notifier.notify(user, EmailTemplates.account_deleted)
        else:
            self.notifier.record("identity.ended", user.id, detail=provider)
            await self.notifier.notify(user, EmailTemplates.identity_ended)
        return user.id

    async def _end(self, issuer: str, subject: str) -> tuple[User, str] | None:
        """The person, and the name of the provider."""
        ended = await self.identities.end_identity(issuer, subject, self.clock.now())
        if ended is None:
            return None
        self._wake_logout_sender()
        user = await self.users.user(ended.user_id)
        return None if user is None else (user, ended.provider)

    async def _sign_out(self, issuer: str, subject: str, *, grants: bool) -> int | None:
        user_id = await self.identities.sign_out_identity(
            issuer, subject, self.clock.now(), grants=grants
        )
        if user_id is not None:
            self._wake_logout_sender()
            identity = await self.identities.identity(issuer, subject)
            detail = "" if identity is None else identity.provider
            self.notifier.record("identity.signed_out", user_id, detail=detail)
        return user_id

    def _wake_logout_sender(self) -> None:
        if self.logout_wakeup is not None:
            self.logout_wakeup.set()
