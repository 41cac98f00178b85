"""The facade of this package for pages and the command line.

Owns what an operator does. Sign-in, sign-up, recovery and changes by the account's owner are in
`password_sign_in.py`, `sign_up.py`, `recovery.py` and `changes.py`, which this file constructs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from quantimodo.accounts.addresses import email_address, person_name
from quantimodo.accounts.changes import Changes
from quantimodo.accounts.credentials import Credentials
from quantimodo.accounts.device_cookies import DeviceCookies
from quantimodo.accounts.email_templates import EmailTemplates
from quantimodo.accounts.email_tokens import EmailTokens
from quantimodo.accounts.login import Login, LoginBrowser, LoginResult
from quantimodo.accounts.outcomes import AccountPolicy, Confirmed, Pending, Verified
from quantimodo.accounts.password_sign_in import PasswordSignIn
from quantimodo.accounts.passwords import check_password
from quantimodo.accounts.recovery import Recovery
from quantimodo.accounts.sessions import Sessions, printable
from quantimodo.accounts.sign_up import SignUp, new_subject
from quantimodo.crypto.passwords import PasswordHasher
from quantimodo.model.events import Event
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import Session
from quantimodo.model.users import NewUser, User
from quantimodo.ports.account_stores import EmailTokenStore, UserStore
from quantimodo.ports.audit import Audit
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.federation_stores import IdentityStore
from quantimodo.ports.mailer import Mailer


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """`open_accounts` puts one together. Raises the errors of `accounts/errors.py`."""

    users: UserStore
    email_tokens: EmailTokens
    sessions: Sessions
    login: Login
    credentials: Credentials
    password_sign_in: PasswordSignIn
    registration: SignUp
    recovery: Recovery
    changes: Changes
    clock: Clock
    entropy: Entropy
    audit: Audit

    async def sign_in(
        self,
        email: str,
        password: Secret,
        *,
        address: str,
        agent: str,
        replaces: Secret | None,
        device_cookies: Mapping[str, str] | None = None,
    ) -> LoginResult:
        """Sign in by a password. Raises `DomainError`, `TooMany` or `Busy`."""
        browser = LoginBrowser(address=address, agent=agent, replaces=replaces)
        return await self.password_sign_in.sign_in(email, password, browser, device_cookies)

    async def sign_up(
        self,
        *,
        email: str,
        name: str,
        password: Secret,
        browser: Secret,
        address: str,
        return_to: str,
    ) -> None:
        """Mail a link to `/confirm`. No account is made yet, and the caller cannot tell whether
        the address has one. Raises `InvalidInput`, `TooMany`, `Busy`; `DomainError` when closed."""
        await self.registration.ask(
            email=email,
            name=name,
            password=password,
            browser=browser,
            address=address,
            return_to=return_to,
        )

    async def pending(self, email_token: str, browser: Secret | None) -> Pending | None:
        """What a live link is about, without spending it."""
        found = await self.email_tokens.find_any(email_token)
        if found is None:
            return None
        if found.purpose == "sign_up":
            return self.registration.look(found, browser)
        return self.recovery.look(found)

    async def confirm(
        self,
        email_token: str,
        *,
        browser: Secret | None,
        password: Secret | None,
        address: str,
        agent: str,
        replaces: Secret | None = None,
    ) -> Confirmed:
        """Spend a link of `sign_up`: make the account and sign in.

        Raises `InvalidInput("password", …)`, spending nothing, when a password has to be chosen
        in this browser; `DomainError` for a dead link, or an account that appeared meanwhile.
        """
        return await self.registration.confirm(
            email_token,
            browser=browser,
            password=password,
            address=address,
            agent=agent,
            replaces=replaces,
        )

    async def request_reset(self, email: str, *, address: str) -> None:
        """Mail a link to `/reset/new` if there is an account. Raises `InvalidInput` for what is no
        address, and `TooMany`."""
        await self.recovery.ask(email, address=address)

    async def reset(
        self,
        email_token: str,
        password: Secret,
        *,
        address: str,
        agent: str,
        replaces: Secret | None = None,
    ) -> Confirmed:
        """Set a new password, verify the address, end all sessions and begin one."""
        return await self.recovery.reset(
            email_token, password, address=address, agent=agent, replaces=replaces
        )

    async def send_verification(self, user: User) -> None:
        """Mail a link to `/verify`, unless the address is verified. Raises `TooMany`."""
        await self.recovery.send_verification(user)

    async def verify(self, email_token: str, *, session: Session | None) -> Verified | None:
        """Spend a link to `/verify`; None for a dead one. Raises `SignInNeeded`, spending nothing,
        for a change of address that is opened outside its account's session."""
        return await self.recovery.verify(email_token, session=session)

    async def change_password(self, session: Session, current: Secret, new: Secret) -> Secret:
        """The cookie of the session that replaces this one. Others stay, see `end_others`."""
        return await self.changes.change_password(session, current, new)

    async def has_password(self, user_id: int) -> bool:
        return await self.users.password_hash(user_id) is not None

    async def set_first_password(self, session: Session, new: Secret) -> Secret:
        """For an account without one, by a session that was signed in to just now; the cookie of
        the session that replaces it. Raises `ReauthenticationNeeded`."""
        return await self.changes.set_first_password(session, new)

    async def rename(self, session: Session, name: str) -> None:
        """Raises `InvalidInput`."""
        await self.changes.rename(session, name)

    async def change_email(self, session: Session, current: Secret, email: str) -> Secret:
        """Mail a link to the new address, which takes effect when it is opened in this session's
        browser. The cookie of the session that replaces this one.

        Raises `ReauthenticationNeeded` for an account without a password, here and in `delete`.
        """
        return await self.changes.change_email(session, current, email)

    async def delete(self, session: Session, current: Secret) -> None:
        """Delete the account with all that belongs to it."""
        await self.changes.delete(session, current)

    async def create(
        self,
        *,
        email: str,
        name: str,
        password: Secret | None,
        administrator: bool = False,
        verified: bool = False,
    ) -> User:
        """An account made by the operator. Raises `InvalidInput`, `Conflict`, `Busy`."""
        email, name = email_address(email), person_name(name)
        password_hash = None
        if password is not None:
            check_password(password, email=email, name=name)
            password_hash = await self.credentials.hash(password)
        now = self.clock.now()
        person = NewUser(
            subject=new_subject(self.entropy),
            name=name,
            email=email,
            created_at=now,
            email_verified_at=now if verified else None,
            administrator=administrator,
        )
        user = await self.users.add_user(person, password_hash)
        self._record("account.created", user.id)
        return user

    async def disable(self, user_id: int) -> bool:
        """Disable the account and end its sessions; False if there is no such person."""
        disabled = await self.users.set_disabled(user_id, self.clock.now())
        if disabled:
            await self.sessions.end_all(user_id)
            self._record("account.disabled", user_id)
        return disabled

    async def enable(self, user_id: int) -> bool:
        enabled = await self.users.set_disabled(user_id, None)
        if enabled:
            self._record("account.enabled", user_id)
        return enabled

    def _record(self, kind: str, user_id: int | None, address: str = "") -> None:
        where = printable(address, 64)
        self.audit.record(Event(at=self.clock.now(), kind=kind, user_id=user_id, address=where))


def open_accounts(
    *,
    users: UserStore,
    identities: IdentityStore,
    email_tokens: EmailTokenStore,
    login: Login,
    hasher: PasswordHasher,
    devices: DeviceCookies,
    mailer: Mailer,
    policy: AccountPolicy,
    clock: Clock,
    entropy: Entropy,
    audit: Audit,
) -> Accounts:
    """Build the services of this package."""
    sessions, throttle = login.sessions, login.throttle
    links = EmailTokens(email_tokens, clock, entropy)
    email_templates = EmailTemplates(policy.issuer)
    credentials = Credentials(
        users=users,
        identities=identities,
        hasher=hasher,
        throttle=throttle,
        sessions=sessions,
        clock=clock,
    )
    password_sign_in = PasswordSignIn(
        users=users,
        credentials=credentials,
        login=login,
        throttle=throttle,
        devices=devices,
        clock=clock,
        audit=audit,
    )
    registration = SignUp(
        users=users,
        email_tokens=links,
        login=login,
        credentials=credentials,
        throttle=throttle,
        mailer=mailer,
        email_templates=email_templates,
        policy=policy,
        clock=clock,
        entropy=entropy,
        audit=audit,
    )
    recovery = Recovery(
        users=users,
        email_tokens=links,
        login=login,
        credentials=credentials,
        throttle=throttle,
        mailer=mailer,
        email_templates=email_templates,
        policy=policy,
        clock=clock,
        audit=audit,
    )
    changes = Changes(
        users=users,
        email_tokens=links,
        sessions=sessions,
        credentials=credentials,
        recovery=recovery,
        throttle=throttle,
        mailer=mailer,
        email_templates=email_templates,
        clock=clock,
        audit=audit,
    )
    return Accounts(
        users=users,
        email_tokens=links,
        sessions=sessions,
        login=login,
        credentials=credentials,
        password_sign_in=password_sign_in,
        registration=registration,
        recovery=recovery,
        changes=changes,
        clock=clock,
        entropy=entropy,
        audit=audit,
    )
