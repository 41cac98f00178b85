"""Makes the passkeys of a person the second factor of their account."""

from collections.abc import Sequence
from dataclasses import dataclass

from quantimodo.accounts.login import LoginBrowser
from quantimodo.accounts.passkeys.sign_in import PasskeySignIn
from quantimodo.accounts.second_factors.set_up import SecondFactors
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import Session


@dataclass(frozen=True, slots=True)
class PasskeyFactor:
    """The person uses a passkey once before, which shows that they have it."""

    sign_in: PasskeySignIn
    second_factors: SecondFactors

    async def options(self, session: Session) -> str | None:
        """The options for the page, as JSON; None if the person has no passkey."""
        return await self.sign_in.options_of(session.user, "turn on", session.key.hex())

    async def set_up(
        self, session: Session, response: Secret, browser: LoginBrowser
    ) -> Sequence[Secret]:
        """Turn the second factor on, and return the new recovery codes. Raises
        `ReauthenticationNeeded`, `DomainError` and `TooMany`."""
        await self.second_factors.require_recent_login(session)
        self.second_factors.require_offered()
        holder = session.key.hex()
        await self.sign_in.check.use(response, "turn on", holder, browser, session.user)
        return await self.second_factors.set_up_passkey(session)
