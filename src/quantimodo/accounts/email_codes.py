"""Signing in by a code that is sent by e-mail, where the operator allows it.

The code has six digits, and counts only in the browser that requested it: the browser has a random
key in a cookie, so the code alone, or a link that a scanner opens, does not sign anyone in.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from quantimodo.accounts.addresses import email_address
from quantimodo.accounts.emails.account_emails import AccountEmails
from quantimodo.accounts.emails.tokens import EmailTokens
from quantimodo.accounts.errors import DomainError
from quantimodo.accounts.login import EmailProof, Login, LoginBrowser, LoginResult
from quantimodo.accounts.throttle import Throttle
from quantimodo.crypto.digests import compare_digest, keyed_digest
from quantimodo.model.secrets import Secret
from quantimodo.model.texts import N_
from quantimodo.model.users import User
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.clock import Entropy

LIFETIME: Final = timedelta(minutes=10)
_DIGITS: Final = 6
_EMAIL_LENGTH: Final = 400  # about as long as an encrypted e-mail
_WRONG: Final = N_("This code is not right, or it is too old. Enter the newest one.")


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailCodes:
    """Codes are stored as digests under `key`: a code has too few digits for a plain digest."""

    users: UserStore
    email_tokens: EmailTokens
    login: Login
    throttle: Throttle
    emails: AccountEmails
    key: bytes = field(repr=False)
    entropy: Entropy

    async def request(self, email: str, *, address: str) -> Secret:
        """Send a code to the address, if it is the confirmed one of an account. Returns the value
        of the browser's cookie. Raises `InvalidInput` and `TooMany`.

        Two writes in either case (security.md §21).
        """
        email = email_address(email)
        await self.throttle.email_code(email, address)
        user = await self._owner(email)
        code = self._mint_code()
        charge = self.throttle.charge("email_tokens", address)
        raw = await self.email_tokens.mint(
            "sign_in_code",
            email,
            LIFETIME,
            user_id=None if user is None else user.id,
            payload=self._mark(code),
            charge=charge,
        )
        if user is None or user.email is None:
            decoy = bytes(_EMAIL_LENGTH)
            await self.email_tokens.mint(
                "sign_in_code", email, timedelta(0), payload=decoy, charge=charge
            )
            return raw
        to = user.email
        await self.emails.send(lambda of: of.sign_in_code(to, code, LIFETIME), address=address)
        return raw

    async def sign_in(self, cookie: Secret, code: Secret, browser: LoginBrowser) -> LoginResult:
        """Sign in by the code, in the browser with this cookie. Raises `DomainError` and
        `TooMany`; each try is counted before the check."""
        await self.throttle.sign_in_from(browser.address)
        found = await self.email_tokens.find("sign_in_code", cookie.reveal())
        if found is None:
            raise DomainError(_WRONG)
        await self.throttle.email_code_try(found.email, found.key.hex())
        typed = Secret("".join(code.reveal().split()))
        user = await self._owner(found.email)
        if (
            not compare_digest(found.payload, self._mark(typed))
            or user is None
            or user.email is None
        ):
            raise DomainError(_WRONG)
        if user.id != found.user_id or not await self.email_tokens.take(found):
            raise DomainError(_WRONG)
        login = await self.login.complete_login(user, EmailProof(user.email), browser)
        await self.throttle.email_code_passed(found.email)
        return login

    async def _owner(self, email: str) -> User | None:
        """The person whose confirmed address this is; None for a disabled account."""
        user = await self.users.user_by_email(email)
        if user is None or user.disabled_at is not None:
            return None
        return user if user.verified_email else None

    def _mint_code(self) -> Secret:
        # 64 bits: the bias of the remainder is below 10^-13.
        number = int.from_bytes(self.entropy.bytes(8), "big") % 10**_DIGITS
        return Secret(f"{number:0{_DIGITS}}")

    def _mark(self, code: Secret) -> bytes:
        return keyed_digest(self.key, "sign-in code", code.reveal())
