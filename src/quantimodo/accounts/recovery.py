"""E-mails that prove control of an address: password reset and address verification.

Owns what such a proof undoes: everything set up earlier on an unverified address
(security.md §22).
"""

from dataclasses import dataclass

import msgspec

from quantimodo.accounts.account_policy import AccountPolicy
from quantimodo.accounts.addresses import email_address, local_path
from quantimodo.accounts.credentials import Credentials
from quantimodo.accounts.email_link_results import ConfirmedAddress, LinkSignIn, PendingLink
from quantimodo.accounts.emails.account_templates import EmailTemplates
from quantimodo.accounts.emails.notifier import AccountNotifier
from quantimodo.accounts.emails.tokens import EmailTokens
from quantimodo.accounts.errors import DomainError, SignInNeeded
from quantimodo.accounts.login import Login, LoginBrowser, PasswordProof
from quantimodo.accounts.throttle import Throttle
from quantimodo.crypto.digests import compare_digest, digest
from quantimodo.model.budgets import Charge
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import EmailToken, Session
from quantimodo.model.texts import N_
from quantimodo.model.users import User, fold_email
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.clock import Clock
from quantimodo.ports.stores import Conflict

_INVALID_LINK = N_("This link is not valid any more. Ask for a new one.")
_EMAIL_LENGTH = 600  # about as long as an encrypted e-mail


class EmailChange(msgspec.Struct, frozen=True):
    """A change of address that waits for confirmation by e-mail.

    `password` is the digest of the password hash at the time of the request, or of an empty text
    without one: a password that was set, changed or reset since makes the link invalid.
    """

    email: str
    password: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    users: UserStore
    email_tokens: EmailTokens
    login: Login
    credentials: Credentials
    throttle: Throttle
    notifier: AccountNotifier
    policy: AccountPolicy
    clock: Clock

    async def request_reset(self, email: str, *, address: str) -> None:
        """Mail a link that sets a new password, if the address has an account.

        Two writes in either case (security.md §21): without an account, it stores two unused
        tokens and no e-mail. Work after the response would be lost in a crash.
        """
        email = email_address(email)
        await self.throttle.reset(email, address)
        user = await self.users.user_by_email(email)
        lifetime = self.policy.reset_lifetime
        charge = self.throttle.charge("email_tokens", address)
        if user is None or user.email is None or user.disabled_at is not None:
            await self.email_tokens.mint("reset_password", email, lifetime, charge=charge)
            decoy = bytes(_EMAIL_LENGTH)
            await self.email_tokens.mint(
                "reset_password", email, lifetime, payload=decoy, charge=charge
            )
            return
        self._record("password.reset_requested", user)
        # To the stored address: the typed one may only look like it.
        to = user.email
        raw = await self._reset_token(user, to, charge)
        # In the language of the request (decision 0022): a read of the profile would take time.
        await self.notifier.emails.send(
            lambda of: of.reset_password(to, raw, lifetime), address=address
        )

    async def reset(
        self,
        raw: str,
        password: Secret,
        *,
        address: str,
        agent: str,
        replaces: Secret | None = None,
        end_tokens: bool = False,
    ) -> LinkSignIn:
        """Spend the link, set the password, end all sessions, and with `end_tokens` the personal
        tokens; begin a session.

        Raises `InvalidInput` for a password that is not accepted, and then the link stays unused;
        `DomainError` for an invalid link.
        """
        email_token = await self.email_tokens.find("reset_password", raw)
        user = None if email_token is None else await self._owner(email_token)
        if email_token is None or user is None or user.email is None:
            raise DomainError(_INVALID_LINK)
        await self.credentials.check_new(
            password, email=user.email, name=user.name, address=address
        )
        fresh = await self.credentials.hash(password)
        if not await self.email_tokens.take(email_token):
            raise DomainError(_INVALID_LINK)
        await self._take_over(user, user.email, fresh)
        if end_tokens:
            await self.credentials.personal_tokens.end_all(user, address)
        browser = LoginBrowser(address=address, agent=agent, replaces=replaces)
        login = await self.login.complete_login(user, PasswordProof.of(fresh), browser)
        await self.notifier.send_to(user, user.email, EmailTemplates.password_changed)
        return LinkSignIn(login, local_path(""))

    async def send_verification(self, user: User) -> None:
        """Mail a link that verifies the address of this account; none if it is verified."""
        if user.email is None or user.email_verified_at is not None:
            return
        await self.throttle.send_email_elsewhere(user.id, user.email)
        to, lifetime = user.email, self.policy.verify_lifetime
        raw = await self.email_tokens.mint("verify_email", to, lifetime, user_id=user.id)
        await self.notifier.send_to(
            user, to, lambda of, address: of.confirm_address(address, raw, lifetime)
        )

    async def request_email_change(self, user: User, email: str, held: str | None) -> None:
        """Mail a link that changes the address of this account. Raises `TooMany`."""
        await self.throttle.send_email_elsewhere(user.id, email)
        lifetime = self.policy.verify_lifetime
        payload = msgspec.json.encode(EmailChange(email=email, password=_mark(held)))
        # security.md §21: the same work whether or not another account has the address.
        taken = await self.users.user_by_email(email)
        raw = await self.email_tokens.mint(
            "verify_email", email, lifetime, user_id=user.id, payload=payload
        )
        other = None if taken is None or taken.id == user.id else taken.email
        if taken is None or other is None:
            await self.notifier.send_to(
                user, email, lambda of, address: of.confirm_new_address(address, raw, lifetime)
            )
        else:
            await self.notifier.send_to(taken, other, EmailTemplates.address_in_use)

    async def pending(self, raw: str) -> PendingLink | None:
        """What a valid link of this class is for, without spending it; None for an invalid one."""
        email_token = await self.email_tokens.find_any(raw)
        if email_token is None or email_token.purpose not in ("reset_password", "verify_email"):
            return None
        move = _email_change_of(email_token)
        user_id = email_token.user_id
        tokens = 0 if user_id is None else await self.credentials.personal_tokens.count(user_id)
        return PendingLink(
            purpose=email_token.purpose,
            email=email_token.email if move is None else move.email,
            needs_password=email_token.purpose == "reset_password",
            needs_session=move is not None,
            personal_tokens=tokens,
        )

    async def confirm_address(
        self, raw: str, *, session: Session | None
    ) -> ConfirmedAddress | None:
        """Spend a link that verifies an address, or moves the account to it; None if it is invalid.

        Raises `SignInNeeded` for a move that is opened elsewhere than in its account's session.
        """
        email_token = await self.email_tokens.find("verify_email", raw)
        if email_token is None:
            return None
        move = _email_change_of(email_token)
        if move is not None:
            return await self._move(email_token, move, session)
        return await self._confirm(email_token, session)

    async def _confirm(
        self, email_token: EmailToken, session: Session | None
    ) -> ConfirmedAddress | None:
        user = await self._owner(email_token)
        if user is None or user.email is None or not await self.email_tokens.take(email_token):
            return None
        # security.md §22: credentials set before the address was verified stay only if the session
        # belongs to the same account.
        keep = session is not None and session.user.id == user.id
        now = self.clock.now()
        if await self.users.mark_email_verified(user.id, user.email, now, keep_credentials=keep):
            self._record("email.verified", user)
        elif user.email_verified_at is None:
            return None
        else:
            keep = True  # verified before, so there is nothing to undo
        verified = await self.users.user(user.id)
        if verified is None:
            return None
        return ConfirmedAddress(
            verified, None if keep else await self._reset_token(user, user.email)
        )

    async def _move(
        self, email_token: EmailToken, move: EmailChange, session: Session | None
    ) -> ConfirmedAddress | None:
        # The owner of the mailbox must also be the owner of the account. Otherwise a person could
        # give their account another person's address, if that person opens the e-mail without
        # thought.
        if session is None or session.user.id != email_token.user_id:
            raise SignInNeeded(
                N_("Sign in to your account in this browser, then open the link again.")
            )
        user = session.user
        held = await self.users.password_hash(user.id)
        if not compare_digest(move.password, _mark(held)):
            return None
        if not await self.email_tokens.take(email_token):
            return None
        try:
            await self.users.change_email(user.id, move.email, self.clock.now())
        except Conflict:
            raise DomainError(N_("This address has another account. Use another one.")) from None
        await self._notify_old_address(user)
        moved = await self.users.user(user.id)
        return None if moved is None else ConfirmedAddress(moved)

    async def _notify_old_address(self, user: User) -> None:
        self._record("email.changed", user)
        if user.email is not None:
            await self.email_tokens.revoke("reset_password", user.email)
            await self.email_tokens.revoke("verify_email", user.email)
        await self.notifier.notify(user, EmailTemplates.email_changed)

    async def _take_over(self, user: User, email: str, fresh: str) -> None:
        now = self.clock.now()
        if user.email_verified_at is None:
            await self.users.mark_email_verified(user.id, email, now, keep_credentials=False)
        await self.credentials.reset(user, fresh)
        await self.email_tokens.revoke("reset_password", email)
        await self.throttle.clear_failed_sign_ins(email)
        self._record("password.reset", user)

    async def _owner(self, email_token: EmailToken) -> User | None:
        """The person to whom the token was mailed, if they exist and still have the address."""
        user = None if email_token.user_id is None else await self.users.user(email_token.user_id)
        if user is None or user.disabled_at is not None or user.email is None:
            return None
        return user if fold_email(user.email) == fold_email(email_token.email) else None

    async def _reset_token(self, user: User, email: str, charge: Charge | None = None) -> Secret:
        lifetime = self.policy.reset_lifetime
        return await self.email_tokens.mint(
            "reset_password", email, lifetime, user_id=user.id, charge=charge
        )

    def _record(self, kind: str, user: User) -> None:
        self.notifier.record(kind, user.id)


def _mark(password_hash: str | None) -> bytes:
    return digest(password_hash or "")


def _email_change_of(email_token: EmailToken) -> EmailChange | None:
    if email_token.purpose != "verify_email" or not email_token.payload:
        return None
    return msgspec.json.decode(email_token.payload, type=EmailChange)
