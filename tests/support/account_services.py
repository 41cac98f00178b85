"""The real account services over a real database, with people."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Protocol

from quantimodo.accounts.account_policy import AccountPolicy
from quantimodo.accounts.device_cookies import DeviceCookies
from quantimodo.accounts.email_link_results import LinkSignIn
from quantimodo.accounts.limits import ThrottlePolicy
from quantimodo.accounts.login import Login, LoginBrowser, LoginResult, StartedSession
from quantimodo.accounts.passkeys.passkeys import Passkeys
from quantimodo.accounts.passkeys.sign_in import PasskeySignIn
from quantimodo.accounts.passwords import NewPasswords, Outcome, words_of_server
from quantimodo.accounts.second_factors.required_enrolment import RequiredEnrolment
from quantimodo.accounts.second_factors.set_up import Mode, SecondFactors
from quantimodo.accounts.services import AccountDependencies, build_account_services
from quantimodo.accounts.services import AccountServices as Services
from quantimodo.accounts.sessions import SessionPolicy, Sessions
from quantimodo.accounts.throttle import Throttle
from quantimodo.app.composition.login import (
    LoginDependencies,
    Role,
    build_login_services,
    build_notifier,
)
from quantimodo.app.composition.social_accounts import build_social_accounts
from quantimodo.crypto.envelope import Envelope
from quantimodo.crypto.password_strength import StrengthMeter
from quantimodo.crypto.passwords import HashPolicy, PasswordHasher
from quantimodo.crypto.tokens import Kind, mint
from quantimodo.federation.security_event_handler import SecurityEventHandler
from quantimodo.federation.social_accounts import SocialAccounts
from quantimodo.model.events import Event, Mail
from quantimodo.model.identities import UpstreamProfile
from quantimodo.model.invitations import SignUpMode
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import Session
from quantimodo.model.users import User
from quantimodo.ops.admin_log import StoredAdminLog
from quantimodo.ops.audit import AuditTrail
from quantimodo.ops.mail import Outbox
from quantimodo.ports.breached_passwords import BreachedPasswords
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.second_factor import SecondFactor
from quantimodo.ports.stores import Stores

ISSUER = "https://id.example.org"
ADDRESS = "192.0.2.7"
AGENT = "Some Browser"
PROVIDERS = ("sample",)
PASSWORD = "a horse of another colour"
CHEAP = HashPolicy(memory_kib=64, passes=1)
METER = StrengthMeter(waiting=100)


def profile_of(subject: str = "elsewhere-1", **changes: Any) -> UpstreamProfile:
    """The profile of Ann at a provider whose addresses are authoritative."""
    values: dict[str, Any] = {
        "provider": "sample",
        "issuer": "https://provider.example.org",
        "subject": subject,
        "name": "Ann Elsewhere",
        "email": "ann@example.org",
        "email_verified": True,
        "email_authoritative": True,
    }
    return UpstreamProfile(**values | changes)


class MovableClock(Clock, Protocol):
    """The clock of tests/conftest.py."""

    def advance(self, by: timedelta) -> None: ...


@dataclass(slots=True)
class Watched:
    """A store or a hasher as it is, and the names of the methods that were called."""

    _thing: Any
    calls: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        self.calls.append(name)
        return getattr(self._thing, name)


def new_passwords(
    breached: BreachedPasswords | None = None,
    *,
    meter: StrengthMeter = METER,
    minimum_score: int = 3,
    count: Callable[[Outcome], None] = lambda outcome: None,
) -> NewPasswords:
    """The check of new passwords as the server makes it, with this list."""
    return NewPasswords(
        meter=meter,
        minimum_score=minimum_score,
        own_words=words_of_server("id.example.org", "QuantiModo"),
        breached=breached,
        count=count,
    )


def cookie_of(login: LoginResult) -> Secret:
    """The session cookie of a person who is signed in."""
    assert isinstance(login, StartedSession)
    return login.cookie


@dataclass(frozen=True, slots=True)
class SignedInByLink:
    """A person who signed in by a link: the session cookie, and the local path to continue at."""

    session_cookie: Secret
    return_to: str

    @classmethod
    def of(cls, confirmed: LinkSignIn) -> "SignedInByLink":
        return cls(cookie_of(confirmed.login), confirmed.return_to)


@dataclass(slots=True, kw_only=True)
class AccountServices:
    accounts: Services
    social: SocialAccounts
    security_events: SecurityEventHandler
    envelope: Envelope
    sessions: Sessions
    login: Login
    second_factors: SecondFactors
    passkeys: Passkeys
    passkey_sign_in: PasskeySignIn
    set_up: RequiredEnrolment
    throttle: Throttle
    devices: DeviceCookies
    outbox: Outbox
    audit: AuditTrail
    hasher: PasswordHasher
    stores: Stores
    clock: Clock
    entropy: Entropy
    work: list[str]

    async def member(
        self, email: str = "ann@example.org", password: str | None = PASSWORD, verified: bool = True
    ) -> User:
        """A person with an account."""
        return await self.accounts.administration.create(
            email=email,
            name="Ann Example",
            password=None if password is None else Secret(password),
            verified=verified,
        )

    async def sign_in(
        self,
        email: str = "ann@example.org",
        password: str = PASSWORD,
        *,
        address: str = ADDRESS,
        replaces: Secret | None = None,
        device_cookies: Mapping[str, str] | None = None,
    ) -> Secret:
        browser = LoginBrowser(
            address=address,
            agent=AGENT,
            replaces=replaces,
            device_cookies=device_cookies or {},
        )
        login = await self.accounts.password_sign_in.sign_in(email, Secret(password), browser)
        return cookie_of(login)

    def device_cookie(self, user: User) -> dict[str, str]:
        """The device cookie of a browser in which this person has just signed in."""
        issued = self.devices.mint(user.id, {})
        return {issued.name: issued.value.reveal()}

    async def by_provider(self, profile: UpstreamProfile | None = None) -> Secret:
        """Sign in by an identity at a provider."""
        admitted = await self.social.admit(profile or profile_of(), address=ADDRESS)
        login = await self.social.begin_session(
            admitted, ("fed",), LoginBrowser(address=ADDRESS, agent=AGENT)
        )
        return cookie_of(login)

    async def session(self, cookie: Secret) -> Session:
        session = await self.sessions.current(cookie.reveal())
        assert session is not None
        return session

    async def is_live(self, cookie: Secret) -> bool:
        return await self.sessions.current(cookie.reveal()) is not None

    def browser(self) -> Secret:
        """A browser's cookie."""
        return mint(Kind.BROWSER, self.clock.now(), self.entropy).raw

    async def sign_up(
        self,
        email: str = "new@example.org",
        *,
        browser: Secret | None = None,
        password: str = PASSWORD,
        address: str = ADDRESS,
        return_to: str = "/developers",
    ) -> None:
        await self.accounts.sign_up.request(
            email=email,
            name="New Person",
            password=Secret(password),
            browser=browser or self.browser(),
            address=address,
            return_to=return_to,
        )

    async def confirm(
        self, email_token: str, browser: Secret | None = None, password: str | None = None
    ) -> SignedInByLink:
        confirmed = await self.accounts.sign_up.confirm(
            email_token,
            browser=browser,
            password=None if password is None else Secret(password),
            address=ADDRESS,
            agent=AGENT,
        )
        return SignedInByLink.of(confirmed)

    async def reset(
        self, email_token: str, password: str, *, replaces: Secret | None = None
    ) -> SignedInByLink:
        confirmed = await self.accounts.recovery.reset(
            email_token, Secret(password), address=ADDRESS, agent=AGENT, replaces=replaces
        )
        return SignedInByLink.of(confirmed)

    async def emails(self) -> list[Mail]:
        """All queued e-mails, newest first."""
        return [kept.mail for kept in await self.outbox.recent(1000)]

    async def email_token(self, path: str) -> str:
        """The token in the newest e-mail, whose link must lead to `path`."""
        text = (await self.emails())[0].text
        found = re.search(re.escape(f"{ISSUER}{path}?token=") + r"(\S+)", text)
        assert found, text
        return found[1]

    async def events(self, user: User) -> list[Event]:
        await self.audit.flush()
        return list(await self.stores.events.events_of(user.id, 100))

    @contextmanager
    def doing(self) -> Iterator[list[str]]:
        """The calls of the stores and of the hasher inside the block."""
        self.work.clear()
        done: list[str] = []
        yield done
        done += self.work


def with_factors(login: Login, *factors: SecondFactor) -> Login:
    """The service with these second factors, instead of those of the server."""
    return replace(login, second_factors=replace(login.second_factors, factors=factors))


def open_account_services(
    stores: Stores,
    clock: Clock,
    entropy: Entropy,
    *,
    hashing: HashPolicy = CHEAP,
    limits: ThrottlePolicy | None = None,
    sign_up: SignUpMode = "open",
    second_factor: Mode = "optional",
    most_passkeys: int = 20,
    issuer: str = ISSUER,
    required_of: Collection[Role] = (),
    factors: Sequence[SecondFactor] | None = None,
    workers: int = 1,
    waiting: int = 100,
) -> AccountServices:
    """The account services, wired as the server wires them. `factors` replace those of the
    server."""
    work: list[str] = []

    def watched(store: Any) -> Any:
        return Watched(store, work)

    envelope = Envelope([entropy.bytes(32)], entropy)
    hasher = PasswordHasher(workers, waiting, entropy, hashing)
    audit = AuditTrail(stores.events)
    sessions = Sessions(
        store=watched(stores.sessions),
        policy=SessionPolicy(),
        clock=clock,
        entropy=entropy,
        audit=audit,
    )
    throttle = Throttle(
        watched(stores.throttles), limits or ThrottlePolicy(), clock, envelope.derive("throttle")
    )
    outbox = Outbox(watched(stores.mails), envelope, clock)
    watched_hasher = watched(hasher)
    dependencies = LoginDependencies(
        issuer=issuer,
        mode=second_factor,
        most_passkeys=most_passkeys,
        providers=PROVIDERS,
        required_of=required_of,
        trusted_browser_lifetime=timedelta(days=30),
        recovery_delay=timedelta(days=7),
        stores=replace(
            stores,
            users=watched(stores.users),
            identities=watched(stores.identities),
            pending_logins=watched(stores.pending_logins),
            second_factors=watched(stores.second_factors),
            passkeys=watched(stores.passkeys),
        ),
        sessions=sessions,
        throttle=throttle,
        envelope=envelope,
        mailer=outbox,
        clock=clock,
        entropy=entropy,
        audit=audit,
    )
    logins = build_login_services(dependencies)
    login = logins.login if factors is None else with_factors(logins.login, *factors)
    notifier = build_notifier(dependencies)
    accounts = build_account_services(
        AccountDependencies(
            new_passwords=new_passwords(),
            users=watched(stores.users),
            closings=watched(stores.closings),
            email_tokens=watched(stores.email_tokens),
            invitations=stores.invitations,
            admin_log=StoredAdminLog(stores.logs, clock),
            personal_tokens=stores.personal_tokens,
            login=login,
            hasher=watched_hasher,
            devices=logins.devices,
            notifier=notifier,
            code_key=envelope.derive("e-mail codes"),
            policy=AccountPolicy(issuer=ISSUER, sign_up=sign_up, email_codes=True),
            clock=clock,
            entropy=entropy,
            audit=audit,
        )
    )
    social = build_social_accounts(dependencies, login, sign_up)
    return AccountServices(
        accounts=accounts,
        social=social,
        security_events=SecurityEventHandler(
            users=watched(stores.users),
            identities=watched(stores.identities),
            provider_sessions=watched(stores.provider_sessions),
            notifier=social.notifier,
            clock=clock,
        ),
        envelope=envelope,
        sessions=sessions,
        login=login,
        second_factors=logins.second_factors,
        passkeys=logins.passkey_sign_in.passkeys,
        passkey_sign_in=logins.passkey_sign_in,
        set_up=RequiredEnrolment(login, logins.second_factors, logins.passkey_sign_in.passkeys),
        throttle=throttle,
        devices=logins.devices,
        outbox=outbox,
        audit=audit,
        hasher=hasher,
        stores=stores,
        clock=clock,
        entropy=entropy,
        work=work,
    )
