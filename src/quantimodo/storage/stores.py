"""Composes the stores of `ports/stores.py` over one database, whichever its engine is."""

from collections.abc import Iterator
from dataclasses import fields, replace

from quantimodo.model.budgets import DEFAULT_QUOTAS, QuotaPolicy
from quantimodo.ports.stores import Stores
from quantimodo.storage.database import Database, Statement
from quantimodo.storage.tables.access_log import Accesses
from quantimodo.storage.tables.account_closings import AccountClosings
from quantimodo.storage.tables.alerts import Alerts
from quantimodo.storage.tables.announcements import Announcements
from quantimodo.storage.tables.app_events import AppEvents
from quantimodo.storage.tables.authorizations import Authorizations
from quantimodo.storage.tables.client_documents import ClientDocuments
from quantimodo.storage.tables.client_log import ClientLogs
from quantimodo.storage.tables.client_teams import ClientTeams
from quantimodo.storage.tables.clients import Clients
from quantimodo.storage.tables.device_authorizations import APPROVE_DEVICE, DeviceAuthorizations
from quantimodo.storage.tables.email_choices import EmailChoiceTable
from quantimodo.storage.tables.exchanged_tokens import ExchangedTokens
from quantimodo.storage.tables.factor_recoveries import FactorRecoveries
from quantimodo.storage.tables.identities import Identities
from quantimodo.storage.tables.invitations import Invitations
from quantimodo.storage.tables.keys import Keys
from quantimodo.storage.tables.login_states import LoginCodes, LoginStates
from quantimodo.storage.tables.logout_recipients import LogoutRecipients
from quantimodo.storage.tables.logs import Logs
from quantimodo.storage.tables.mails import Events, Mails
from quantimodo.storage.tables.measurement_notices import MeasurementNotices
from quantimodo.storage.tables.measurements import Measurements
from quantimodo.storage.tables.passkeys import Passkeys
from quantimodo.storage.tables.pending_logins import PendingLogins
from quantimodo.storage.tables.people_search import PeopleSearch
from quantimodo.storage.tables.personal_tokens import PersonalTokens
from quantimodo.storage.tables.profiles import Profiles, Subjects
from quantimodo.storage.tables.provider_sessions import ProviderSessions
from quantimodo.storage.tables.registrations import Registrations
from quantimodo.storage.tables.replays import DataDeletionRequests, Replays
from quantimodo.storage.tables.resources import Resources
from quantimodo.storage.tables.retention import Retention
from quantimodo.storage.tables.retention_rules import RetentionRule
from quantimodo.storage.tables.second_factors import SecondFactors
from quantimodo.storage.tables.server_counts import ServerCounts
from quantimodo.storage.tables.server_state import StoredServerState
from quantimodo.storage.tables.sessions import EmailTokens, Sessions
from quantimodo.storage.tables.set_ups import SetUps
from quantimodo.storage.tables.stored_settings import StoredSettingsTable
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.throttles import Leases, Throttles
from quantimodo.storage.tables.tokens import Tokens
from quantimodo.storage.tables.trusted_browsers import TrustedBrowsers
from quantimodo.storage.tables.user_imports import UserImports
from quantimodo.storage.tables.users import Users
from quantimodo.storage.tables.variables import References, Variables
from quantimodo.storage.tables.webhook_deliveries import WebhookDeliveries
from quantimodo.storage.tables.webhooks import Webhooks

_PING = Statement("SELECT 1")


class OpenDatabase:
    """Checks that the database responds, and closes it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ping(self) -> None:
        """Run one statement. Raises `Unavailable` when the database does not respond."""
        await self._database.rows(_PING)

    async def close(self) -> None:
        """Finish the statements that wait, then disconnect."""
        await self._database.close()


def build_stores(database: Database, quotas: QuotaPolicy = DEFAULT_QUOTAS) -> Stores:
    """All stores over one open database. Rows expire by the rules that the stores state."""
    stores = Stores(
        database=OpenDatabase(database),
        clients=Clients(database),
        client_documents=ClientDocuments(database),
        client_log=ClientLogs(database),
        teams=ClientTeams(database),
        registrations=Registrations(database),
        resources=Resources(database),
        set_ups=SetUps(database),
        stored_settings=StoredSettingsTable(database),
        users=Users(database),
        invitations=Invitations(database),
        user_imports=UserImports(database),
        closings=AccountClosings(database),
        profiles=Profiles(database),
        subjects=Subjects(database),
        email_choices=EmailChoiceTable(database),
        sessions=Sessions(database),
        provider_sessions=ProviderSessions(database),
        logout_recipients=LogoutRecipients(database),
        email_tokens=EmailTokens(database),
        throttles=Throttles(database),
        pending_logins=PendingLogins(database),
        second_factors=SecondFactors(database),
        passkeys=Passkeys(database),
        trusted_browsers=TrustedBrowsers(database),
        factor_recoveries=FactorRecoveries(database),
        authorizations=Authorizations(database, (APPROVE_DEVICE,)),
        device_authorizations=DeviceAuthorizations(database),
        tokens=Tokens(database),
        personal_tokens=PersonalTokens(database),
        exchanged_tokens=ExchangedTokens(database),
        identities=Identities(database),
        login_states=LoginStates(database),
        login_codes=LoginCodes(database),
        replays=Replays(database, quotas),
        data_deletion_requests=DataDeletionRequests(database, quotas),
        keys=Keys(database),
        mails=Mails(database),
        events=Events(database),
        announcements=Announcements(database),
        logs=Logs(database),
        people_search=PeopleSearch(database),
        references=References(database),
        variables=Variables(database),
        measurements=Measurements(database),
        accesses=Accesses(database),
        app_events=AppEvents(database),
        webhooks=Webhooks(database),
        deliveries=WebhookDeliveries(database),
        measurement_notices=MeasurementNotices(database),
        leases=Leases(database),
        server_state=StoredServerState(database),
        server_counts=ServerCounts(database),
        alerts=Alerts(database),
        retention=Retention(database, ()),
    )
    return replace(stores, retention=Retention(database, tuple(_retention_rules(stores))))


def _retention_rules(stores: Stores) -> Iterator[RetentionRule]:
    """The rules of all tables, in the order of the stores."""
    for each in fields(stores):
        table = getattr(stores, each.name)
        if isinstance(table, Table):
            yield from table.retention
