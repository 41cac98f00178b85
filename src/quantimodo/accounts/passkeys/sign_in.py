"""Sign-in by a passkey: without a name, again in a session, and as a second factor."""

from dataclasses import dataclass
from typing import Final

from quantimodo.accounts.login import (
    Login,
    LoginBrowser,
    LoginExpired,
    LoginResult,
    PasskeyProof,
    StartedSession,
)
from quantimodo.accounts.passkeys.challenges import Purpose
from quantimodo.accounts.passkeys.check import PasskeyCheck
from quantimodo.accounts.passkeys.options import request_options
from quantimodo.accounts.passkeys.passkeys import Passkeys
from quantimodo.model.passkeys import Passkey
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import PendingLogin, Session
from quantimodo.model.texts import N_
from quantimodo.model.users import User

# RFC 8176 §2: possession of a key, and a person who is present. `hwk` and `swk` say where the key
# is stored, which no attestation shows here. The authenticator verified the person: two factors.
KEY: Final = ("pop", "user")
_METHODS: Final = (*KEY, "mfa")
_EXPIRED: Final = N_("This sign-in took too long. Sign in again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeySignIn:
    """`holder` is the cookie that binds forms to the browser. The options are JSON for the page."""

    passkeys: Passkeys
    check: PasskeyCheck
    login: Login

    @property
    def offered(self) -> bool:
        """Whether browsers can use passkeys of this server. Those that exist always sign in."""
        return self.passkeys.policy.relying_party.is_supported

    def options(self, holder: Secret) -> str:
        """The options for a sign-in by any passkey."""
        challenge = self.check.challenges.mint("sign in", holder.reveal())
        return request_options(self.check.relying_party, challenge)

    async def sign_in(self, response: Secret, holder: Secret, browser: LoginBrowser) -> LoginResult:
        """Sign in. Raises `PasskeyRefused`, `DomainError` and `TooMany`.

        One text, whether the passkey is unknown, wrong, or that of a disabled account.
        """
        user, passkey = await self.check.use(response, "sign in", holder.reveal(), browser)
        return await self.login.complete_login(user, _proof(passkey), browser)

    async def options_again(self, session: Session) -> str | None:
        """The options to sign in again as the same person; None if they have no passkey."""
        return await self.options_of(session.user, "sign in again", session.key.hex())

    async def sign_in_again(
        self, session: Session, response: Secret, browser: LoginBrowser
    ) -> LoginResult:
        """A new session of the same person. Raises as `sign_in`."""
        user, passkey = await self.check.use(
            response, "sign in again", session.key.hex(), browser, session.user
        )
        return await self.login.complete_login(user, _proof(passkey), browser)

    async def options_pending(self, pending: PendingLogin) -> str | None:
        """The options for the second factor of this login; None if its person has no passkey."""
        return await self.options_of(pending.user, "second factor", pending.key.hex())

    async def complete_pending(
        self, cookie: Secret | None, response: Secret, browser: LoginBrowser
    ) -> StartedSession:
        """Start the session of a pending login, by a passkey of its person.

        Raises `LoginExpired`, `PasskeyRefused` and `TooMany`.
        """
        pending = await self.login.pending.find(cookie)
        if pending is None:
            raise LoginExpired(_EXPIRED)
        factors, user = self.login.second_factors, pending.user
        device = await factors.count(pending, browser.device_cookies)
        await self.check.use(response, "second factor", pending.key.hex(), browser, user)
        await factors.throttle.second_factor_passed(user.id, device)
        return await self.login.finish_pending(pending, KEY, browser)

    async def options_of(self, user: User, purpose: Purpose, holder: str) -> str | None:
        """The options for a use by this person with this purpose; None if they have no passkey."""
        allowed = await self.passkeys.usable(user)
        if not allowed:
            return None
        challenge = self.check.challenges.mint(purpose, holder)
        return request_options(self.check.relying_party, challenge, allowed)


def _proof(passkey: Passkey) -> PasskeyProof:
    return PasskeyProof(passkey.credential_id, _METHODS)
