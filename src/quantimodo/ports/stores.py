"""What the server stores: one protocol for each subject, and the errors that all of them raise.

The protocols contain no SQL. Methods take and return model values, never rows, and never decide
policy: they report what is true and what they managed to change. `None` means absent, `False` lost
or unchanged. A write that returned is on disk. Everything holds for any number of processes on one
database; `tests/storage/` tests each engine against it.
"""

from dataclasses import dataclass
from typing import Protocol

from quantimodo.ports.account_stores import (
    AccountClosingStore,
    EmailTokenStore,
    LogoutRecipientStore,
    ProfileStore,
    SessionStore,
    SubjectStore,
    ThrottleStore,
    UserStore,
)
from quantimodo.ports.admin_stores import LogStore, PeopleSearchStore
from quantimodo.ports.alert_store import AlertStore
from quantimodo.ports.announcement_store import AnnouncementStore
from quantimodo.ports.app_event_stores import (
    AppEventStore,
    DeliveryQueue,
    MeasurementNoticeStore,
    WebhookStore,
)
from quantimodo.ports.background_stores import (
    EventStore,
    KeyStore,
    LeaseStore,
    MailStore,
    RetentionStore,
)
from quantimodo.ports.client_document_store import ClientDocumentStore
from quantimodo.ports.client_log_store import ClientLogStore
from quantimodo.ports.client_stores import ClientStore, RegistrationStore
from quantimodo.ports.device_store import DeviceAuthorizationStore
from quantimodo.ports.email_choice_store import EmailChoiceStore
from quantimodo.ports.exchanged_token_store import ExchangedTokenStore
from quantimodo.ports.factor_recovery_store import FactorRecoveryStore
from quantimodo.ports.federation_stores import (
    DataDeletionRequestStore,
    IdentityStore,
    LoginCodeStore,
    LoginStateStore,
    ProviderSessionStore,
    ReplayStore,
)
from quantimodo.ports.grant_stores import AuthorizationStore, TokenStore
from quantimodo.ports.invitation_store import InvitationStore
from quantimodo.ports.measurement_stores import (
    AccessLogStore,
    MeasurementStore,
    ReferenceStore,
    VariableStore,
)
from quantimodo.ports.passkey_store import PasskeyStore
from quantimodo.ports.pending_login_store import PendingLoginStore
from quantimodo.ports.personal_token_store import PersonalTokenStore
from quantimodo.ports.resource_store import ResourceStore
from quantimodo.ports.second_factor_store import SecondFactorStore
from quantimodo.ports.server_count_store import ServerCountStore
from quantimodo.ports.server_state_store import ServerStateStore
from quantimodo.ports.set_up_store import SetUpStore
from quantimodo.ports.stored_settings_store import StoredSettingsStore
from quantimodo.ports.team_store import TeamStore
from quantimodo.ports.trusted_browser_store import TrustedBrowserStore
from quantimodo.ports.user_import_store import UserImportStore


class Conflict(Exception):
    """A unique name (an e-mail address, a client id) is taken."""


class SignInEnded(Exception):
    """The provider deleted, disabled or signed out the account after this sign-in began."""


class Unavailable(Exception):
    """The database cannot be used now (overloaded, disk full, connection lost); nothing was stored.
    A connection that is lost during the commit leaves it unknown whether the write was stored."""


class TooSlow(Unavailable):
    """A search ran longer than the operator allows, and was interrupted."""


class BudgetExceeded(Exception):
    """A storage budget is used up by rows that must not be deleted; nothing was stored."""


class QuotaExceeded(Exception):
    """A quota of rows that are kept until they expire is used up; nothing was stored.

    `by_signer`: it is the quota of one signer, and not the total.
    """

    def __init__(self, text: str, *, by_signer: bool = False) -> None:
        super().__init__(text)
        self.by_signer = by_signer


class OpenDatabase(Protocol):
    async def ping(self) -> None:
        """Raises `Unavailable` if the database does not respond."""

    async def close(self) -> None:
        """Finish the writes that wait, and close all connections. Idempotent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The stores over one open database. Services take the stores that they need, not this."""

    database: OpenDatabase
    clients: ClientStore
    client_documents: ClientDocumentStore
    client_log: ClientLogStore
    teams: TeamStore
    registrations: RegistrationStore
    resources: ResourceStore
    set_ups: SetUpStore
    stored_settings: StoredSettingsStore
    users: UserStore
    invitations: InvitationStore
    user_imports: UserImportStore
    closings: AccountClosingStore
    profiles: ProfileStore
    subjects: SubjectStore
    email_choices: EmailChoiceStore
    sessions: SessionStore
    provider_sessions: ProviderSessionStore
    logout_recipients: LogoutRecipientStore
    email_tokens: EmailTokenStore
    throttles: ThrottleStore
    pending_logins: PendingLoginStore
    second_factors: SecondFactorStore
    passkeys: PasskeyStore
    trusted_browsers: TrustedBrowserStore
    factor_recoveries: FactorRecoveryStore
    authorizations: AuthorizationStore
    device_authorizations: DeviceAuthorizationStore
    tokens: TokenStore
    personal_tokens: PersonalTokenStore
    exchanged_tokens: ExchangedTokenStore
    identities: IdentityStore
    login_states: LoginStateStore
    login_codes: LoginCodeStore
    replays: ReplayStore
    data_deletion_requests: DataDeletionRequestStore
    keys: KeyStore
    mails: MailStore
    events: EventStore
    announcements: AnnouncementStore
    logs: LogStore
    people_search: PeopleSearchStore
    references: ReferenceStore
    variables: VariableStore
    measurements: MeasurementStore
    accesses: AccessLogStore
    app_events: AppEventStore
    webhooks: WebhookStore
    deliveries: DeliveryQueue
    measurement_notices: MeasurementNoticeStore
    leases: LeaseStore
    server_state: ServerStateStore
    server_counts: ServerCountStore
    alerts: AlertStore
    retention: RetentionStore

    async def close(self) -> None:
        """Close the database. Idempotent."""
        await self.database.close()
