"""The services that the pages use, and a line of the table of pages."""

from collections.abc import Sequence
from dataclasses import dataclass

from quantimodo.accounts.announcements import CurrentAnnouncements
from quantimodo.accounts.emails.preferences import EmailPreferences
from quantimodo.accounts.passkeys.sign_in import PasskeySignIn
from quantimodo.accounts.personal_tokens import PersonalTokens
from quantimodo.accounts.profiles import Profiles
from quantimodo.accounts.second_factors.set_up import SecondFactors
from quantimodo.accounts.services import AccountServices
from quantimodo.accounts.sessions import Sessions
from quantimodo.accounts.sign_out import SignOut as SigningOut
from quantimodo.accounts.team_invitations import TeamInvitations
from quantimodo.accounts.throttle import Throttle
from quantimodo.clients.registry import Registry
from quantimodo.clients.resources import ResourceRegistry
from quantimodo.clients.teams import Teams
from quantimodo.clients.webhooks import Webhooks
from quantimodo.crypto.envelope import Envelope
from quantimodo.export.personal_export import PersonalExport
from quantimodo.federation.provider_sign_out import ProviderSignOut
from quantimodo.measurements.catalogue import References
from quantimodo.measurements.read_limits import ReadLimits
from quantimodo.measurements.service import MeasurementService
from quantimodo.model.invitations import SignUpMode
from quantimodo.pages.account.identities import Linking
from quantimodo.pages.account.receipts import ConsentServices
from quantimodo.pages.browser import Browser
from quantimodo.pages.languages import ENGLISH_ONLY, Languages
from quantimodo.pages.login.provider_buttons import ProviderButton
from quantimodo.pages.outbox import Outbox
from quantimodo.pages.page_context import Endpoint
from quantimodo.pages.portal.authorization_runs import AuthorizationRuns
from quantimodo.pages.renderer import Renderer
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.audit import Audit
from quantimodo.ports.background_stores import EventStore
from quantimodo.ports.client_log_store import ClientLogStore
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.clock import Clock
from quantimodo.ports.grant_stores import AuthorizationStore
from quantimodo.ports.measurement_stores import AccessLogStore

PageRoute = tuple[tuple[str, ...], str, Endpoint]


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalServices:
    """The services of the developer portal alone."""

    teams: Teams
    team_invitations: TeamInvitations
    runs: AuthorizationRuns


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """The services of all pages. `issuer` is the public address, without a slash at the end;
    `outbox` is None unless e-mails may be read at /outbox; `playground`: the home page
    leads to it."""

    renderer: Renderer
    browser: Browser
    throttle: Throttle
    accounts: AccountServices
    second_factors: SecondFactors
    passkey_sign_in: PasskeySignIn
    sessions: Sessions
    sign_out: SigningOut
    provider_sign_out: ProviderSignOut
    registry: Registry
    resources: ResourceRegistry
    portal: PortalServices
    clients: ClientStore
    users: UserStore
    consents: AuthorizationStore
    events: EventStore
    audit: Audit
    clock: Clock
    envelope: Envelope
    issuer: str
    linking: Linking
    personal_tokens: PersonalTokens
    profiles: Profiles
    email_preferences: EmailPreferences
    measurement_service: MeasurementService
    reads: ReadLimits
    references: References
    accesses: AccessLogStore
    client_log: ClientLogStore
    webhooks: Webhooks
    personal_export: PersonalExport
    consent_services: ConsentServices
    sign_up: SignUpMode = "open"
    security_txt: str = ""
    outbox: Outbox | None = None
    playground: bool = False
    providers: Sequence[ProviderButton] = ()
    languages: Languages = ENGLISH_ONLY
    announcements: CurrentAnnouncements | None = None
