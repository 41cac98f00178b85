"""The services of this package, and how they depend on each other."""

from dataclasses import dataclass, field

from quantimodo.accounts.account_changes import AccountChanges
from quantimodo.accounts.account_creation import AccountCreation
from quantimodo.accounts.account_deletion import AccountDeletion
from quantimodo.accounts.account_lifecycle import AccountLifecycle
from quantimodo.accounts.account_policy import AccountPolicy
from quantimodo.accounts.credentials import Credentials
from quantimodo.accounts.device_cookies import DeviceCookies
from quantimodo.accounts.email_codes import EmailCodes
from quantimodo.accounts.emails.notifier import AccountNotifier
from quantimodo.accounts.emails.tokens import EmailTokens
from quantimodo.accounts.invitations import Invitations
from quantimodo.accounts.invited_sign_up import InvitedSignUp
from quantimodo.accounts.login import Login
from quantimodo.accounts.password_sign_in import PasswordSignIn
from quantimodo.accounts.passwords import NewPasswords
from quantimodo.accounts.personal_token_revocation import PersonalTokenRevocation
from quantimodo.accounts.recovery import Recovery
from quantimodo.accounts.sign_up import SignUp
from quantimodo.crypto.passwords import PasswordHasher
from quantimodo.ports.account_stores import AccountClosingStore, EmailTokenStore, UserStore
from quantimodo.ports.admin_stores import AdminLog
from quantimodo.ports.audit import Audit
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.invitation_store import InvitationStore
from quantimodo.ports.personal_token_store import PersonalTokenStore


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDependencies:
    """What the services of this package are built from. `code_key` names codes that are sent by
    e-mail."""

    users: UserStore
    closings: AccountClosingStore
    email_tokens: EmailTokenStore
    invitations: InvitationStore
    admin_log: AdminLog
    personal_tokens: PersonalTokenStore
    login: Login
    hasher: PasswordHasher
    new_passwords: NewPasswords
    devices: DeviceCookies
    code_key: bytes = field(repr=False)
    notifier: AccountNotifier
    policy: AccountPolicy
    clock: Clock
    entropy: Entropy
    audit: Audit


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountServices:
    """The services of this package. They raise the errors of `accounts/errors.py`."""

    login: Login
    credentials: Credentials
    password_sign_in: PasswordSignIn
    sign_up: SignUp
    invitations: Invitations
    invited_sign_up: InvitedSignUp
    recovery: Recovery
    changes: AccountChanges
    deletion: AccountDeletion
    email_codes: EmailCodes | None
    administration: AccountLifecycle


def build_account_services(given: AccountDependencies) -> AccountServices:
    """Construct the services."""
    login = given.login
    sessions, throttle = login.sessions, login.throttle
    links = EmailTokens(given.email_tokens, given.clock, given.entropy)
    emails = given.notifier.emails
    credentials = Credentials(
        users=given.users,
        hasher=given.hasher,
        new_passwords=given.new_passwords,
        throttle=throttle,
        sessions=sessions,
        personal_tokens=PersonalTokenRevocation(
            store=given.personal_tokens, notifier=given.notifier, clock=given.clock
        ),
        clock=given.clock,
    )
    creation = AccountCreation(
        users=given.users, clock=given.clock, entropy=given.entropy, audit=given.audit
    )
    password_sign_in = PasswordSignIn(
        users=given.users,
        credentials=credentials,
        login=login,
        throttle=throttle,
        devices=given.devices,
        clock=given.clock,
        audit=given.audit,
    )
    sign_up = SignUp(
        users=given.users,
        email_tokens=links,
        login=login,
        credentials=credentials,
        creation=creation,
        throttle=throttle,
        emails=emails,
        policy=given.policy,
    )
    invitations = Invitations(
        store=given.invitations,
        users=given.users,
        throttle=throttle,
        emails=emails,
        admin_log=given.admin_log,
        clock=given.clock,
        entropy=given.entropy,
    )
    invited_sign_up = InvitedSignUp(
        invitations=invitations, credentials=credentials, creation=creation, login=login
    )
    recovery = Recovery(
        users=given.users,
        email_tokens=links,
        login=login,
        credentials=credentials,
        throttle=throttle,
        notifier=given.notifier,
        policy=given.policy,
        clock=given.clock,
    )
    changes = AccountChanges(
        users=given.users,
        email_tokens=links,
        sessions=sessions,
        credentials=credentials,
        recovery=recovery,
        notifier=given.notifier,
        clock=given.clock,
    )
    deletion = AccountDeletion(
        users=given.users,
        closings=given.closings,
        sessions=sessions,
        credentials=credentials,
        notifier=given.notifier,
        grace=given.policy.deletion_grace,
    )
    email_codes = EmailCodes(
        users=given.users,
        email_tokens=links,
        login=login,
        throttle=throttle,
        emails=emails,
        key=given.code_key,
        entropy=given.entropy,
    )
    administration = AccountLifecycle(
        users=given.users,
        sessions=sessions,
        credentials=credentials,
        creation=creation,
        clock=given.clock,
        audit=given.audit,
    )
    return AccountServices(
        login=login,
        credentials=credentials,
        password_sign_in=password_sign_in,
        sign_up=sign_up,
        invitations=invitations,
        invited_sign_up=invited_sign_up,
        recovery=recovery,
        changes=changes,
        deletion=deletion,
        email_codes=email_codes if given.policy.email_codes else None,
        administration=administration,
    )
