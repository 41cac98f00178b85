"""Builds the services that complete logins and manage second factors."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from urllib.parse import urlsplit

from quantimodo.accounts.device_cookies import DeviceCookies
from quantimodo.accounts.emails.account_emails import AccountEmails
from quantimodo.accounts.emails.account_templates import EmailTemplates
from quantimodo.accounts.emails.notifier import AccountNotifier
from quantimodo.accounts.emails.tokens import EmailTokens
from quantimodo.accounts.emails.unsubscribe_links import UnsubscribeLinks
from quantimodo.accounts.login import Login
from quantimodo.accounts.passkeys.challenges import PasskeyChallenges
from quantimodo.accounts.passkeys.check import PasskeyCheck
from quantimodo.accounts.passkeys.notices import PasskeyNotices
from quantimodo.accounts.passkeys.passkeys import PasskeyPolicy, Passkeys
from quantimodo.accounts.passkeys.sign_in import PasskeySignIn
from quantimodo.accounts.pending_logins import PendingLogins
from quantimodo.accounts.second_factors.authenticator_apps import (
    AuthenticatorApps,
)
from quantimodo.accounts.second_factors.check import SecondFactorCheck
from quantimodo.accounts.second_factors.factor_recovery import FactorRecoveries
from quantimodo.accounts.second_factors.notices import SecondFactorNotices
from quantimodo.accounts.second_factors.recovery_codes import RecoveryCodeFactor, RecoveryCodes
from quantimodo.accounts.second_factors.requirement import SecondFactorRequirement
from quantimodo.accounts.second_factors.set_up import Mode, SecondFactorPolicy, SecondFactors
from quantimodo.accounts.second_factors.trusted_browsers import TrustedBrowsers
from quantimodo.accounts.sessions import Sessions
from quantimodo.accounts.throttle import Throttle
from quantimodo.crypto.envelope import Envelope
from quantimodo.crypto.passkeys import RelyingParty
from quantimodo.model.sign_in_methods import AcceptedMethods
from quantimodo.ports.audit import Audit
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.mailer import Mailer
from quantimodo.ports.stores import Stores

Role = Literal["administrators", "developers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginDependencies:
    """What the services are built from. `issuer` is the public address of this server;
    `required_of` are the roles that need a second factor, whatever the mode; `providers` are the
    names of the providers at which people can sign in."""

    issuer: str
    mode: Mode
    most_passkeys: int
    providers: Collection[str]
    required_of: Collection[Role]
    trusted_browser_lifetime: timedelta
    recovery_delay: timedelta
    stores: Stores
    sessions: Sessions
    throttle: Throttle
    envelope: Envelope
    mailer: Mailer
    clock: Clock
    entropy: Entropy
    audit: Audit

    @property
    def accepted(self) -> AcceptedMethods:
        """The ways to sign in at this server."""
        host = RelyingParty.of(self.issuer).id
        return AcceptedMethods(host, frozenset(self.providers))


@dataclass(frozen=True, slots=True)
class LoginServices:
    login: Login
    second_factors: SecondFactors
    passkey_sign_in: PasskeySignIn
    devices: DeviceCookies


def build_notifier(given: LoginDependencies) -> AccountNotifier:
    """Construct the notifier of accounts."""
    return AccountNotifier(
        emails=AccountEmails(
            templates=EmailTemplates(given.issuer), mailer=given.mailer, throttle=given.throttle
        ),
        clock=given.clock,
        audit=given.audit,
        profiles=given.stores.profiles,
        unsubscribe_addresses=UnsubscribeLinks(given.issuer, given.envelope),
    )


def build_login_services(given: LoginDependencies) -> LoginServices:
    """Construct the services, with the second factors of this server."""
    stores, clock = given.stores, given.clock
    relying_party = RelyingParty.of(given.issuer)
    notices = SecondFactorNotices(build_notifier(given))
    devices = DeviceCookies(
        keys=given.envelope.derive_all("device cookies"), clock=clock, entropy=given.entropy
    )
    keys = given.envelope.derive_all("recovery codes")
    recovery_codes = RecoveryCodes(given.entropy, keys)
    recovery_code_factor = RecoveryCodeFactor(
        store=stores.second_factors, recovery_codes=recovery_codes, notices=notices
    )
    authenticator_apps = AuthenticatorApps(
        store=stores.second_factors,
        recovery_codes=recovery_code_factor,
        envelope=given.envelope,
        clock=clock,
    )
    requirement = SecondFactorRequirement(
        clients=stores.clients,
        teams=stores.teams,
        everyone=given.mode == "required",
        administrators="administrators" in given.required_of,
        developers="developers" in given.required_of,
    )
    trusted_browsers = TrustedBrowsers(
        store=stores.trusted_browsers,
        lifetime=given.trusted_browser_lifetime,
        clock=clock,
        entropy=given.entropy,
    )
    recoveries = FactorRecoveries(
        store=stores.factor_recoveries,
        users=stores.users,
        email_tokens=EmailTokens(stores.email_tokens, clock, given.entropy),
        notices=notices,
        delay=given.recovery_delay,
        clock=clock,
    )
    login = Login(
        sessions=given.sessions,
        users=stores.users,
        identities=stores.identities,
        pending=PendingLogins(stores.pending_logins, clock, given.entropy),
        throttle=given.throttle,
        clock=clock,
        audit=given.audit,
        second_factors=SecondFactorCheck(
            throttle=given.throttle,
            devices=devices,
            passkeys=stores.passkeys,
            host=relying_party.id,
            notices=notices,
            factors=(authenticator_apps, recovery_code_factor),
            requirement=requirement,
            trusted_browsers=trusted_browsers,
            recoveries=recoveries,
        ),
    )
    second_factors = SecondFactors(
        store=stores.second_factors,
        recovery_codes=recovery_codes,
        envelope=given.envelope,
        notices=notices,
        throttle=given.throttle,
        requirement=requirement,
        policy=SecondFactorPolicy(
            service=urlsplit(given.issuer).netloc, host=relying_party.id, mode=given.mode
        ),
        clock=clock,
        entropy=given.entropy,
    )
    passkeys = _passkeys(given, relying_party, second_factors)
    check = PasskeyCheck(
        store=stores.passkeys,
        users=stores.users,
        challenges=passkeys.challenges,
        relying_party=relying_party,
        throttle=given.throttle,
        devices=devices,
        notices=passkeys.notices,
        clock=clock,
    )
    sign_in = PasskeySignIn(passkeys=passkeys, check=check, login=login)
    return LoginServices(login, second_factors, sign_in, devices)


def _passkeys(
    given: LoginDependencies, relying_party: RelyingParty, second_factors: SecondFactors
) -> Passkeys:
    keys = given.envelope.derive_all("passkey challenges")
    return Passkeys(
        store=given.stores.passkeys,
        second_factors=second_factors,
        challenges=PasskeyChallenges(keys, given.clock, given.entropy),
        notices=PasskeyNotices(build_notifier(given)),
        policy=PasskeyPolicy(
            relying_party=relying_party, service=relying_party.id, most=given.most_passkeys
        ),
        accepted=given.accepted,
        clock=given.clock,
    )
