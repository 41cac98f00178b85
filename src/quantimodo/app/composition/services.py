"""The composition root: builds the application context from the settings.

All services are constructed in this package. Commands and server share `AppContext`; `server.py`
adds the endpoints.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from quantimodo.accounts.device_cookies import DeviceCookies
from quantimodo.accounts.passkeys.sign_in import PasskeySignIn
from quantimodo.accounts.passwords import NewPasswords
from quantimodo.accounts.profiles import Profiles
from quantimodo.accounts.second_factors.set_up import SecondFactors
from quantimodo.accounts.services import AccountServices
from quantimodo.accounts.sessions import Sessions
from quantimodo.accounts.throttle import Throttle
from quantimodo.app.clock_and_entropy import SystemClock, SystemEntropy
from quantimodo.app.composition.accounts import build_accounts
from quantimodo.app.composition.http_clients import open_http_clients
from quantimodo.app.composition.limits import charge_of_event, open_throttle
from quantimodo.app.composition.login import LoginDependencies, build_login_services
from quantimodo.app.composition.new_passwords import open_new_passwords
from quantimodo.app.composition.policies import (
    account_policy,
    names_of_server,
    read_policy,
    registration_policy,
    rotation_policy,
    second_factor_roles,
    session_policy,
    token_policy,
)
from quantimodo.app.composition.sandbox_providers import policies_with_sandbox
from quantimodo.app.composition.social_accounts import build_social_accounts
from quantimodo.app.composition.stores import open_configured_stores
from quantimodo.app.secret_keys import secret_keys
from quantimodo.app.settings.reading import Settings
from quantimodo.clients.dynamic_registration import DynamicClients
from quantimodo.clients.key_documents import KeyDocuments
from quantimodo.clients.public_keys import ClientKeys
from quantimodo.clients.registry import Registry
from quantimodo.crypto.envelope import Envelope
from quantimodo.crypto.passwords import PasswordHasher
from quantimodo.federation.client_assertions import AssertionKeys
from quantimodo.federation.contract import Provider
from quantimodo.federation.provider_table import open_providers
from quantimodo.federation.social_accounts import SocialAccounts
from quantimodo.keys.keyring import Keyring
from quantimodo.keys.rotation import Rotation
from quantimodo.measurements.catalogue import References
from quantimodo.measurements.read_limits import ReadLimits
from quantimodo.measurements.service import MeasurementService
from quantimodo.ops.access_log import AccessLog
from quantimodo.ops.audit import AuditTrail
from quantimodo.ops.client_log import ClientLog
from quantimodo.ops.mail import Outbox
from quantimodo.ops.metrics import Metrics
from quantimodo.ops.provider_outcomes import ProviderOutcomes
from quantimodo.ops.request_counts import RequestCounts
from quantimodo.ops.traffic import Traffic
from quantimodo.outbound.document_fetcher import HttpDocumentFetcher
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.document_fetcher import DocumentFetcher
from quantimodo.ports.stores import Stores
from quantimodo.ports.tracing import Tracer
from quantimodo.storage.open import Step, is_new, migrate, sqlite_path
from quantimodo.tokens.policy import TokenPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class AppContext:
    """The services over one open database."""

    settings: Settings
    clock: Clock
    entropy: Entropy
    envelope: Envelope
    stores: Stores
    token_policy: TokenPolicy
    keyring: Keyring
    rotation: Rotation
    audit: AuditTrail
    metrics: Metrics
    traffic: Traffic
    provider_outcomes: ProviderOutcomes
    accesses: AccessLog
    client_log: ClientLog
    request_counts: RequestCounts
    references: References
    measurement_service: MeasurementService
    reads: ReadLimits
    profiles: Profiles
    mail_wakeup: asyncio.Event
    logout_wakeup: asyncio.Event
    webhook_wakeup: asyncio.Event = field(default_factory=asyncio.Event)
    outbox: Outbox
    sessions: Sessions
    throttle: Throttle
    devices: DeviceCookies
    accounts: AccountServices
    second_factors: SecondFactors
    passkey_sign_in: PasskeySignIn
    social: SocialAccounts
    registry: Registry
    providers: Mapping[str, Provider]
    operator_http_client: GuardedHttpClient
    http_client: GuardedHttpClient
    fetcher: DocumentFetcher
    client_keys: ClientKeys
    dynamic: DynamicClients


async def prepare(
    settings: Settings, clock: Clock | None = None, entropy: Entropy | None = None
) -> list[Step]:
    """Prepare a start, once before all workers: secret key, migrations, signing keys. Safe to run
    at once in any number of processes. Returns the migrations that ran here."""
    # No key is generated with PostgreSQL, because all servers on one database must share it, and
    # none for an existing SQLite file, whose values only its own key decrypts.
    may_generate = sqlite_path(settings.database) is not None and await is_new(settings.database)
    secret_keys(
        settings.secret_key,
        settings.secret_file,
        entropy or SystemEntropy(),
        may_generate=may_generate,
    )
    steps = await migrate(settings.database, (clock or SystemClock()).now())
    async with open_app(settings, clock, entropy) as context:
        await context.rotation.ensure()
        await context.keyring.load()  # reports a wrong secret key before the server starts
    return steps


@dataclass(frozen=True, slots=True, kw_only=True)
class _Resources:
    """What the services are built over: `open_app` opens it and closes it again."""

    settings: Settings
    clock: Clock
    entropy: Entropy
    envelope: Envelope
    stores: Stores
    hasher: PasswordHasher
    new_passwords: NewPasswords
    metrics: Metrics
    provider_outcomes: ProviderOutcomes
    throttle: Throttle
    audit: AuditTrail
    accesses: AccessLog
    providers: Mapping[str, Provider]
    operator_http_client: GuardedHttpClient
    http_client: GuardedHttpClient


@asynccontextmanager
async def open_app(
    settings: Settings,
    clock: Clock | None = None,
    entropy: Entropy | None = None,
    tracer: Tracer | None = None,
) -> AsyncIterator[AppContext]:
    """The services over the configured database, closed at the end. Creates no file.

    Raises `SchemaMismatch`, `BadSecretKey`, `Unavailable`.
    """
    clock, entropy = clock or SystemClock(), entropy or SystemEntropy()
    keys = secret_keys(settings.secret_key, settings.secret_file, entropy, may_generate=False)
    envelope = Envelope(keys, entropy)
    stores = await open_configured_stores(settings, tracer)
    hasher = PasswordHasher(settings.passwords.workers, settings.passwords.waiting, entropy)
    metrics = Metrics()
    outcomes = ProviderOutcomes(stores.server_state, clock, metrics.provider_request)
    throttle = open_throttle(settings, stores, clock, envelope)
    audit = AuditTrail(stores.events, charge=lambda event: charge_of_event(throttle, event))
    accesses = AccessLog(stores.accesses, clock)
    audit.start()
    accesses.start()
    http_clients = open_http_clients(settings, tracer)
    try:
        providers = open_providers(
            *(policies_with_sandbox(settings), http_clients[0], clock, stores.replays),
            *(AssertionKeys(envelope.derive_all, entropy), outcomes.record),
        )
        async with open_new_passwords(settings, metrics.breach_lookup) as new_passwords:
            yield _build_services(
                _Resources(
                    settings=settings,
                    clock=clock,
                    entropy=entropy,
                    envelope=envelope,
                    stores=stores,
                    hasher=hasher,
                    new_passwords=new_passwords,
                    metrics=metrics,
                    provider_outcomes=outcomes,
                    throttle=throttle,
                    audit=audit,
                    accesses=accesses,
                    providers=providers,
                    operator_http_client=http_clients[0],
                    http_client=http_clients[1],
                )
            )
    finally:
        await asyncio.gather(*(http_client.close() for http_client in http_clients))
        await accesses.close()
        await audit.close()
        hasher.close()
        await stores.close()


def _build_services(opened: _Resources) -> AppContext:
    settings, stores, envelope = opened.settings, opened.stores, opened.envelope
    clock, entropy, audit, throttle = opened.clock, opened.entropy, opened.audit, opened.throttle
    traffic = Traffic(opened.metrics)
    wakeup, logout_wakeup = asyncio.Event(), asyncio.Event()
    references, fetcher = References(stores.references), HttpDocumentFetcher(opened.http_client)
    outbox = Outbox(stores.mails, envelope, clock, wakeup=wakeup, charge=throttle.charge_mail)
    sessions = Sessions(
        store=stores.sessions,
        policy=session_policy(settings),
        clock=clock,
        entropy=entropy,
        audit=audit,
        wakeup=logout_wakeup,
    )
    given = LoginDependencies(
        issuer=settings.issuer,
        mode=settings.accounts.second_factor,
        most_passkeys=settings.accounts.passkeys_per_person,
        providers=tuple(opened.providers),
        required_of=second_factor_roles(settings),
        recovery_delay=settings.accounts.factor_recovery_delay,
        trusted_browser_lifetime=settings.accounts.trusted_browser_lifetime,
        stores=stores,
        sessions=sessions,
        throttle=throttle,
        envelope=envelope,
        mailer=outbox,
        clock=clock,
        entropy=entropy,
        audit=audit,
    )
    logins = build_login_services(given)
    accounts = build_accounts(
        given, logins, opened.hasher, opened.new_passwords, account_policy(settings)
    )
    registry = Registry(stores.clients, clock, entropy, audit, envelope, names_of_server(settings))
    return AppContext(
        settings=settings,
        clock=clock,
        entropy=entropy,
        envelope=envelope,
        stores=stores,
        token_policy=token_policy(settings),
        keyring=Keyring(stores.keys, envelope, clock),
        rotation=Rotation(stores.keys, envelope, rotation_policy(settings), clock),
        audit=audit,
        metrics=opened.metrics,
        traffic=traffic,
        provider_outcomes=opened.provider_outcomes,
        accesses=opened.accesses,
        client_log=ClientLog(stores.client_log, clock, traffic),
        request_counts=RequestCounts(stores.server_counts, clock, traffic),
        references=references,
        measurement_service=MeasurementService(
            stores.measurements, stores.variables, references, clock
        ),
        reads=ReadLimits(read_policy(settings)),
        profiles=Profiles(stores.profiles, clock, audit),
        mail_wakeup=wakeup,
        logout_wakeup=logout_wakeup,
        outbox=outbox,
        sessions=sessions,
        throttle=throttle,
        devices=logins.devices,
        accounts=accounts,
        second_factors=logins.second_factors,
        passkey_sign_in=logins.passkey_sign_in,
        social=build_social_accounts(given, logins.login, settings.sign_up),
        registry=registry,
        providers=opened.providers,
        operator_http_client=opened.operator_http_client,
        http_client=opened.http_client,
        fetcher=fetcher,
        client_keys=ClientKeys(KeyDocuments(fetcher, clock), envelope),
        dynamic=DynamicClients(
            *(registration_policy(settings), registry, stores.clients, stores.registrations),
            *(fetcher, clock, entropy),
        ),
    )
