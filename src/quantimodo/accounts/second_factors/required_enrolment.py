"""A person without a second factor adds one before a pending login is completed, where the operator
requires one."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from quantimodo.accounts.errors import DomainError
from quantimodo.accounts.login import Login, LoginBrowser, StartedSession
from quantimodo.accounts.passkeys.passkeys import Passkeys
from quantimodo.accounts.passkeys.sign_in import KEY
from quantimodo.accounts.second_factors.set_up import SecondFactors
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import PendingLogin


@dataclass(frozen=True, slots=True)
class CompletedEnrolment:
    """The person is signed in, and the session shows these new recovery codes."""

    started: StartedSession
    recovery_codes: Sequence[Secret] = field(repr=False)


@dataclass(frozen=True, slots=True)
class RequiredEnrolment:
    """The factor is in use only if there is a session that shows the recovery codes, and only if
    the person has no other one by then: the first proof alone adds none to an account that has
    one. Of concurrent calls one wins."""

    login: Login
    second_factors: SecondFactors
    passkeys: Passkeys

    async def begin(self, pending: PendingLogin) -> None:
        """Make a new secret for an app. Raises `DomainError` if the person has a second factor."""
        await self.second_factors.begin_pending(pending)

    async def complete(
        self, pending: PendingLogin, code: Secret, browser: LoginBrowser
    ) -> CompletedEnrolment:
        """Start the session of this pending login and put the app in use, by the app's first code.

        Raises `LoginExpired`, `DomainError` and `TooMany`.
        """
        factor = await self.second_factors.check_pending(pending, code)
        async with self._started(pending, ("otp",), browser) as started:
            codes = await self.second_factors.activate(pending.user, factor, started.session_key)
        return CompletedEnrolment(started, codes)

    async def creation_options(self, pending: PendingLogin) -> str | None:
        """The options for a first passkey, as JSON; None where people can add none."""
        if not self.passkeys.policy.offered:
            return None
        return await self.passkeys.creation_options_of(pending.user, "set up", pending.key.hex())

    async def complete_by_passkey(
        self, pending: PendingLogin, response: Secret, browser: LoginBrowser
    ) -> CompletedEnrolment:
        """Start the session of this pending login and add the passkey that the browser made, as the
        second factor.

        Raises `LoginExpired`, `DomainError` and `TooMany`.
        """
        user, holder = pending.user, pending.key.hex()
        self.second_factors.require_offered()
        await self.second_factors.throttle.count_browser("set_up_codes_per_browser", holder)
        checked = self.passkeys.check(user, response, "set up", holder)
        codes, digests = self.second_factors.mint_recovery_codes(user)
        async with self._started(pending, KEY, browser) as started:
            await self.passkeys.save(checked, started.session_key, digests)
        await self.passkeys.notices.added(user, checked.passkey.name, browser.address)
        await self.second_factors.notices.passkey_added(user, browser.address)
        return CompletedEnrolment(started, codes)

    @asynccontextmanager
    async def _started(
        self, pending: PendingLogin, methods: tuple[str, ...], browser: LoginBrowser
    ) -> AsyncIterator[StartedSession]:
        """The session of this pending login, which ends if the factor is refused."""
        started = await self.login.finish_pending(pending, methods, browser)
        try:
            yield started
        except DomainError:
            await self.login.sessions.discard(pending.user.id, started.cookie)
            raise
