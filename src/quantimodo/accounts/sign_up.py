"""Sign-up: a request sends an e-mail, and only its link makes the account.

No account exists before the person has shown that the address is theirs (security.md §21, §22).
What was requested is in the token's payload, on the server.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from quantimodo.accounts.account_creation import AccountCreation
from quantimodo.accounts.account_policy import AccountPolicy
from quantimodo.accounts.addresses import email_address, local_path, person_name
from quantimodo.accounts.credentials import Credentials
from quantimodo.accounts.email_link_results import LinkSignIn, PendingLink
from quantimodo.accounts.emails.account_emails import AccountEmails
from quantimodo.accounts.emails.tokens import EmailTokens
from quantimodo.accounts.errors import DomainError, Faults, InvalidInput
from quantimodo.accounts.login import Login, LoginBrowser, PasswordProof
from quantimodo.accounts.throttle import Throttle
from quantimodo.crypto.digests import compare_digest, digest
from quantimodo.model.invitations import SignUpMode
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import EmailToken
from quantimodo.model.texts import N_
from quantimodo.model.users import User
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.stores import Conflict

NO_SIGN_UP: Final[Mapping[SignUpMode, str]] = {
    "invited": N_("This server makes accounts by invitation only. Ask its operator for one."),
    "closed": N_("This server makes no new accounts. Ask its operator for one."),
}
_INVALID_LINK: Final = N_("This link is not valid any more. Sign up again to get a new one.")


class PendingSignUp(msgspec.Struct, frozen=True):
    """What was entered at sign-up; `browser` is the digest of the cookie of that browser."""

    email: str
    name: str
    password_hash: str
    browser: bytes
    return_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    users: UserStore
    email_tokens: EmailTokens
    login: Login
    credentials: Credentials
    creation: AccountCreation
    throttle: Throttle
    emails: AccountEmails
    policy: AccountPolicy

    async def request(
        self,
        *,
        email: str,
        name: str,
        password: Secret,
        browser: Secret,
        address: str,
        return_to: str,
    ) -> None:
        """Mail a link that makes the account. Raises `InvalidInput`, `TooMany`, `Busy` and
        `DomainError`."""
        if self.policy.sign_up != "open":
            raise DomainError(NO_SIGN_UP[self.policy.sign_up])
        faults = Faults()
        with faults.collected():
            name = person_name(name)
        with faults.collected():
            email = email_address(email)
        with faults.collected():
            await self.credentials.check_new(password, email=email, name=name, address=address)
        faults.check()
        await self.throttle.sign_up(email, address)
        pending_sign_up = PendingSignUp(
            email=email,
            name=name,
            password_hash=await self.credentials.hash(password),
            browser=digest(browser.reveal()),
            return_to=local_path(return_to),
        )
        await self._write(pending_sign_up, address)

    async def pending(self, raw: str, browser: Secret | None) -> PendingLink | None:
        """What a valid link is for, without spending it; None for an invalid one."""
        email_token = await self._find(raw)
        if email_token is None:
            return None
        pending_sign_up = _pending_sign_up_of(email_token)
        is_same = _is_same_browser(pending_sign_up, browser)
        return PendingLink(
            purpose=email_token.purpose,
            email=pending_sign_up.email,
            name=pending_sign_up.name,
            needs_password=not is_same,
            return_to=local_path(pending_sign_up.return_to if is_same else ""),
        )

    async def confirm(
        self,
        raw: str,
        *,
        browser: Secret | None,
        password: Secret | None,
        address: str,
        agent: str,
        replaces: Secret | None = None,
    ) -> LinkSignIn:
        """Spend the link, make the account, sign in. Raises `InvalidInput` when a password has to
        be chosen here, and then the link stays unused; `DomainError` for an invalid link."""
        email_token = await self._find(raw)
        if email_token is None:
            raise DomainError(_INVALID_LINK)
        pending_sign_up = _pending_sign_up_of(email_token)
        # security.md §22: another person may have signed up than opens the link. The address
        # belongs to the latter, and no password of the former may open the account.
        if not _is_same_browser(pending_sign_up, browser):
            pending_sign_up = await self._with_own_password(pending_sign_up, password, address)
        if not await self.email_tokens.take(email_token):
            raise DomainError(_INVALID_LINK)
        user = await self._create_account(pending_sign_up, address)
        proof = PasswordProof.of(pending_sign_up.password_hash)
        started = LoginBrowser(address=address, agent=agent, replaces=replaces)
        login = await self.login.complete_login(user, proof, started)
        return LinkSignIn(login, pending_sign_up.return_to, user)

    async def _find(self, raw: str) -> EmailToken | None:
        """The valid token; None if sign-up is no longer open."""
        if self.policy.sign_up != "open":
            return None
        return await self.email_tokens.find("sign_up", raw)

    async def _write(self, pending_sign_up: PendingSignUp, address: str) -> None:
        # security.md §21: the same reads and writes whether the address has an account or not. If
        # it has, the token's secret is discarded, and the owner gets the e-mail.
        user = await self.users.user_by_email(pending_sign_up.email)
        lifetime = self.policy.sign_up_lifetime
        payload = msgspec.json.encode(pending_sign_up)
        charge = self.throttle.charge("email_tokens", address)
        raw = await self.email_tokens.mint(
            "sign_up", pending_sign_up.email, lifetime, payload=payload, charge=charge
        )
        known = None if user is None else user.email
        await self.emails.send(
            lambda of: (
                of.confirm_sign_up(pending_sign_up.email, raw, lifetime)
                if known is None
                else of.already_registered(known)
            ),
            address=address,
        )

    async def _with_own_password(
        self, pending_sign_up: PendingSignUp, password: Secret | None, address: str
    ) -> PendingSignUp:
        if password is None:
            raise InvalidInput(
                "password",
                N_(
                    "Choose a password: this link was opened in another browser than the one in"
                    " which the account was asked for."
                ),
            )
        await self.credentials.check_new(
            password, email=pending_sign_up.email, name=pending_sign_up.name, address=address
        )
        password_hash = await self.credentials.hash(password)
        return msgspec.structs.replace(
            pending_sign_up, password_hash=password_hash, return_to=local_path("")
        )

    async def _create_account(self, pending_sign_up: PendingSignUp, address: str) -> User:
        try:
            user = await self.creation.create(
                email=pending_sign_up.email,
                name=pending_sign_up.name,
                password_hash=pending_sign_up.password_hash,
                verified=True,
                address=address,
            )
        except Conflict:
            raise DomainError(N_("This address has an account already. Sign in to it.")) from None
        await self.email_tokens.revoke("sign_up", pending_sign_up.email)
        return user


def _pending_sign_up_of(email_token: EmailToken) -> PendingSignUp:
    return msgspec.json.decode(email_token.payload, type=PendingSignUp)


def _is_same_browser(pending_sign_up: PendingSignUp, browser: Secret | None) -> bool:
    return browser is not None and compare_digest(pending_sign_up.browser, digest(browser.reveal()))
