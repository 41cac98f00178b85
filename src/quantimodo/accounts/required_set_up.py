"""A person without a second factor adds one before a pending login is completed, where the operator
requires one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from quantimodo.accounts.errors import DomainError
from quantimodo.accounts.login import Login, LoginBrowser, StartedSession
from quantimodo.accounts.second_factors import SecondFactors
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import PendingLogin


@dataclass(frozen=True, slots=True)
class CompletedSetUp:
    """The person is signed in, and the session shows these new recovery codes."""

    started: StartedSession
    recovery_codes: Sequence[Secret] = field(repr=False)


@dataclass(frozen=True, slots=True)
class RequiredSetUp:
    login: Login
    second_factors: SecondFactors

    async def begin(self, pending: PendingLogin) -> None:
        """Make a new secret for an app. Raises `DomainError` if the person has a second factor."""
        await self.second_factors.begin_pending(pending)

    async def complete(
        self, pending: PendingLogin, code: Secret, browser: LoginBrowser
    ) -> CompletedSetUp:
        """Start the session of this pending login and put the app in use, by the app's first code.

        Both or neither: the app is in use only if there is a session that shows the recovery codes.
        Raises `LoginExpired`, `DomainError` and `TooMany`. Of concurrent calls one wins.
        """
        factor = await self.second_factors.check_pending(pending, code)
        started = await self.login.finish_pending(pending, ("otp",), browser)
        try:
            codes = await self.second_factors.put_in_use(pending.user, factor, started.cookie)
        except DomainError:
            await self.login.sessions.discard(pending.user.id, started.cookie)
            raise
        return CompletedSetUp(started, codes)
