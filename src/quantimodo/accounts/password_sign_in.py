"""Sign-in by e-mail address and password."""

from dataclasses import dataclass

from quantimodo.accounts.addresses import presented_email
from quantimodo.accounts.credentials import Credentials
from quantimodo.accounts.device_cookies import DeviceCookies
from quantimodo.accounts.errors import DomainError
from quantimodo.accounts.login import Login, LoginBrowser, LoginResult, PasswordProof
from quantimodo.accounts.sessions import printable
from quantimodo.accounts.throttle import Throttle
from quantimodo.model.events import Event
from quantimodo.model.secrets import Secret
from quantimodo.model.texts import N_
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.audit import Audit
from quantimodo.ports.clock import Clock

_WRONG = N_("The e-mail address or the password is not right.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordSignIn:
    users: UserStore
    credentials: Credentials
    login: Login
    throttle: Throttle
    devices: DeviceCookies
    clock: Clock
    audit: Audit

    async def sign_in(self, email: str, password: Secret, browser: LoginBrowser) -> LoginResult:
        """Sign in. Raises `DomainError`, `TooMany` or `Busy`.

        The text and the work are the same whether or not the account exists, and whether or not it
        has a password (security.md §21, §22). A browser with a device cookie of the person has a
        separate limit (security.md §23a).
        """
        account = presented_email(email)
        await self.throttle.sign_in_from(browser.address)
        user = await self.users.user_by_email(account)
        device = self.devices.device(user, browser.device_cookies)
        await self.throttle.sign_in(account, device)
        held = await self.credentials.match(user, password)
        if user is None or held is None or user.disabled_at is not None:
            self._record_refusal(None if user is None else user.id, browser.address)
            raise DomainError(_WRONG)
        # Before the login, because its proof refers to the stored hash, also while the login is
        # pending.
        held = await self.credentials.refresh(user, held, password)
        login = await self.login.complete_login(user, PasswordProof.of(held), browser)
        await self.throttle.signed_in(account, browser.address, device)
        return login

    def _record_refusal(self, user_id: int | None, address: str) -> None:
        event = Event(
            at=self.clock.now(),
            kind="session.refused",
            user_id=user_id,
            address=printable(address, 64),
        )
        self.audit.record(event)
