"""Builds the policies of services from the settings. `limits.py` has rate limits and storage
budgets."""

from datetime import timedelta

from quantimodo.accounts.account_policy import AccountPolicy
from quantimodo.accounts.sessions import SessionPolicy
from quantimodo.app.composition.login import Role
from quantimodo.app.settings.reading import Settings
from quantimodo.app.settings.rules import read_statements
from quantimodo.clients.dynamic_registration import RegistrationPolicy
from quantimodo.clients.metadata_documents import ClientDocumentPolicy
from quantimodo.clients.reserved_names import ReservedNames, reserved_names
from quantimodo.keys.rotation import RotationPolicy
from quantimodo.measurements.read_limits import ReadPolicy
from quantimodo.model.brand import PRODUCT
from quantimodo.ops.health_readings import Thresholds
from quantimodo.protocol.constants import TOKEN_EXCHANGE
from quantimodo.protocol.discovery import OfferedFeatures
from quantimodo.protocol.dpop import DPoPPolicy
from quantimodo.protocol.grant_types import GRANT_TYPES
from quantimodo.storage.open import SearchPolicy
from quantimodo.tokens.policy import TokenPolicy

_DAY = timedelta(days=1)


def registration_policy(settings: Settings) -> RegistrationPolicy:
    """Who may register an application, and how. Reads the file of trusted software statements."""
    registration = settings.registration
    return RegistrationPolicy(
        mode=registration.mode,
        implicit=registration.implicit,
        mutual_tls=bool(settings.mtls.certificate_header),
        unused_lifetime=registration.unused_lifetime,
        statements=read_statements(registration.statements_file),
    )


def client_document_policy(settings: Settings) -> ClientDocumentPolicy:
    """From which hosts client id metadata documents are accepted."""
    registration = settings.registration
    return ClientDocumentPolicy(
        registration.client_id_metadata_documents,
        frozenset(host.lower() for host in registration.client_id_metadata_hosts),
    )


def names_of_server(settings: Settings) -> ReservedNames:
    """The names of this server, which only the operator may give to an application or an API."""
    return reserved_names(settings.issuer, PRODUCT, settings.smtp.service, settings.branding.name)


def account_policy(settings: Settings) -> AccountPolicy:
    """Whether people may sign up, how they sign in, and when accounts are deleted."""
    return AccountPolicy(
        issuer=settings.issuer,
        sign_up=settings.sign_up,
        email_codes=settings.accounts.email_codes,
        deletion_grace=settings.accounts.deletion_grace,
    )


def second_factor_roles(settings: Settings) -> tuple[Role, ...]:
    """The roles of which a second factor is required, where it is not required of everyone."""
    accounts = settings.accounts
    roles: tuple[tuple[bool, Role], ...] = (
        (accounts.second_factor_of_administrators, "administrators"),
        (accounts.second_factor_of_developers, "developers"),
    )
    return tuple(role for required, role in roles if required)


def token_policy(settings: Settings) -> TokenPolicy:
    """The issuer, and the lifetimes of tokens and codes."""
    tokens = settings.tokens
    return TokenPolicy(
        issuer=settings.issuer,
        access_lifetime=tokens.access_lifetime,
        id_token_lifetime=tokens.id_token_lifetime,
        code_lifetime=tokens.code_lifetime,
        refresh_idle_lifetime=tokens.refresh_idle_lifetime,
        refresh_absolute_lifetime=tokens.refresh_absolute_lifetime,
    )


def session_policy(settings: Settings) -> SessionPolicy:
    """How long sessions of browsers last."""
    sessions = settings.sessions
    return SessionPolicy(
        idle_lifetime=sessions.idle_lifetime, absolute_lifetime=sessions.absolute_lifetime
    )


def dpop_policy(settings: Settings) -> DPoPPolicy:
    """Whether proofs need a nonce, and for how long both count."""
    dpop = settings.dpop
    return DPoPPolicy(
        origins=tuple(filter(None, (settings.issuer, settings.mtls.origin))),
        lifetime=dpop.proof_lifetime,
        nonce=dpop.nonce,
        nonce_lifetime=dpop.nonce_lifetime,
    )


def rotation_policy(settings: Settings) -> RotationPolicy:
    """When signing keys rotate, and how long a retired one is published: as long as what it signed
    is valid, and a day more."""
    signed = max(settings.tokens.access_lifetime, settings.tokens.id_token_lifetime)
    return RotationPolicy(
        rotate_every=settings.keys.rotate_every,
        publish_before=settings.keys.publish_before,
        signed_lifetime=signed + _DAY,
    )


def search_policy(settings: Settings) -> SearchPolicy:
    """How many searches run and wait in a process, and the deadline of each, in seconds."""
    reads = settings.reads
    return SearchPolicy(
        at_once=reads.at_once, waiting=reads.waiting, seconds=reads.deadline.total_seconds()
    )


def read_policy(settings: Settings) -> ReadPolicy:
    """How many reads of one person run at a time, and the deadline of each, in seconds."""
    reads = settings.reads
    return ReadPolicy(per_person=reads.per_person, seconds=reads.deadline.total_seconds())


def offered_features(settings: Settings) -> OfferedFeatures:
    """The optional features that the metadata document lists, as the settings turn them on."""
    registration = settings.registration
    return OfferedFeatures(
        registration=registration.mode != "closed",
        client_documents=registration.client_id_metadata_documents != "off",
        require_pushed=settings.tokens.require_pushed_requests,
        grant_management_required=settings.tokens.require_grant_management == "all",
        mutual_tls=bool(settings.mtls.certificate_header),
        mtls_origin=settings.mtls.origin,
        grant_types=offered_grant_types(settings),
    )


def offered_grant_types(settings: Settings) -> frozenset[str]:
    """The grant types that the token endpoint has."""
    return GRANT_TYPES if settings.tokens.exchange else GRANT_TYPES - {TOKEN_EXCHANGE}


def alert_thresholds(settings: Settings) -> Thresholds:
    """The thresholds at which the state of the server needs its operator."""
    alerts = settings.alerts
    return Thresholds(
        backup_age=alerts.backup_age,
        disk_free=alerts.disk_free,
        mail_age=alerts.mail_age,
        webhook_age=alerts.webhook_age,
        provider_failures=alerts.provider_failures,
        refused_share=alerts.refused_share,
        refused_least=alerts.refused_least,
        sends_mail=bool(settings.smtp.url),
    )
