"""Builds the administration pages."""

import asyncio
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quantimodo import __version__
from quantimodo.accounts.announcements import Announcements
from quantimodo.accounts.emails.owner_notices import OwnerNotifier
from quantimodo.accounts.people_administration import PeopleAdministration
from quantimodo.app.composition.policies import alert_thresholds
from quantimodo.app.composition.resources import resource_registry
from quantimodo.app.composition.services import AppContext
from quantimodo.app.key_administration import KeyRotations, ProviderTests
from quantimodo.app.settings.masking import shown_settings
from quantimodo.app.settings.reading import BadSettings, load
from quantimodo.app.settings.stored import Applied, opened
from quantimodo.clients.client_administration import ClientAdministration
from quantimodo.crypto.envelope import DecryptionFailed
from quantimodo.model.keys import ALGORITHMS
from quantimodo.ops.admin_log import StoredAdminLog
from quantimodo.ops.breakdowns import Breakdowns
from quantimodo.ops.daily_numbers import DailyNumbers
from quantimodo.ops.health_readings import readings
from quantimodo.pages.admin.announcements import AdminAnnouncements
from quantimodo.pages.admin.app_forms import AdminAppForms
from quantimodo.pages.admin.apps import AdminApps
from quantimodo.pages.admin.frame import AdminFrame
from quantimodo.pages.admin.invitations import AdminInvitations
from quantimodo.pages.admin.keys import AdminKeys
from quantimodo.pages.admin.logs import AdminLogs
from quantimodo.pages.admin.overview import AdminOverview, HealthLine, ServerFacts, SettingLine
from quantimodo.pages.admin.people import AdminPeople
from quantimodo.pages.admin.statistics import AdminCharts
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.page_services import PageRoute
from quantimodo.ports.stores import Unavailable
from quantimodo.storage.open import newest_step, sqlite_path


def administration_routes(context: AppContext, page_context: PageContext) -> Sequence[PageRoute]:
    """The routes of /admin."""
    stores = context.stores
    frame = AdminFrame(page_context, context.accounts.login.second_factors)
    people = people_administration(context)
    return [
        *AdminOverview(
            frame, _facts(context), Health(context).lines, SettingsInForce(context, os.environ)
        ).routes(),
        *AdminPeople(
            frame,
            stores.users,
            people,
            stores.identities,
            stores.authorizations,
            stores.clients,
        ).routes(),
        *AdminInvitations(frame, context.accounts.invitations).routes(),
        *AdminAppForms(frame, client_administration(context), stores.clients).routes(),
        *AdminApps(
            frame, client_administration(context), stores.clients, stores.resources, stores.users
        ).routes(),
        *AdminAnnouncements(frame, announcements_service(context)).routes(),
        *AdminCharts(
            frame,
            DailyNumbers(stores.logs, stores.client_log, stores.server_counts),
            Breakdowns(stores.server_counts),
        ).routes(),
        *AdminLogs(frame, stores.logs, stores.users).routes(),
        *AdminKeys(
            frame,
            stores.keys,
            KeyRotations(context, admin_log(context)),
            tuple(context.providers.values()),
            ProviderTests(context).fault,
        ).routes(),
    ]


def people_administration(context: AppContext) -> PeopleAdministration:
    """Builds the actions of administrators and commands on accounts."""
    accounts = context.accounts
    return PeopleAdministration(
        search=context.stores.people_search,
        administration=accounts.administration,
        recovery=accounts.recovery,
        deletion=accounts.deletion,
        second_factors=context.second_factors,
        passkeys=context.passkey_sign_in.passkeys,
        admin_log=admin_log(context),
    )


def client_administration(context: AppContext) -> ClientAdministration:
    """Builds the actions of administrators and commands on applications and APIs."""
    notices = OwnerNotifier(context.social.notifier, context.stores.users)
    return ClientAdministration(
        context.registry, resource_registry(context), notices, admin_log(context)
    )


def announcements_service(context: AppContext) -> Announcements:
    """Builds the announcements, for administrators and commands."""
    return Announcements(context.stores.announcements, admin_log(context), context.clock)


def admin_log(context: AppContext) -> StoredAdminLog:
    """Builds the log of the actions of administrators and commands."""
    return StoredAdminLog(context.stores.logs, context.clock)


@dataclass(frozen=True, slots=True)
class Health:
    """The health of a running server, without requests over the network."""

    context: AppContext

    async def lines(self) -> Sequence[HealthLine]:
        """What was checked, each with its state."""
        return [
            await self._database(),
            self._keys(),
            self._mail(),
            self._address(),
            *await self._settings(),
            *self._state(),
        ]

    async def _settings(self) -> Sequence[HealthLine]:
        try:
            old = await SettingsInForce(self.context, os.environ).are_old()
        except Unavailable:
            return []  # `_database` reports it
        text = "a set-up file has changed them: restart the server to use what is stored"
        return [HealthLine("warning", "settings", text)] if old else []

    def _state(self) -> Sequence[HealthLine]:
        """The state that this process measured last."""
        state, thresholds = self.context.metrics.state, alert_thresholds(self.context.settings)
        found = [] if state is None else readings(state, thresholds)
        return [
            HealthLine(each.state, each.of or each.subject, each.text)
            for each in found
            if each.state != "ok"
        ]

    async def _database(self) -> HealthLine:
        try:
            await self.context.stores.database.ping()
        except Unavailable:
            return HealthLine("fault", "database", "does not respond")
        return HealthLine("ok", "database", "responds")

    def _keys(self) -> HealthLine:
        missing = []
        for algorithm in ALGORITHMS:
            try:
                self.context.keyring.signer(algorithm)
            except LookupError:
                missing.append(algorithm)
        if missing:
            return HealthLine("fault", "keys", f"no key is active: {', '.join(missing)}")
        return HealthLine("ok", "keys", f"active: {', '.join(ALGORITHMS)}")

    def _mail(self) -> HealthLine:
        settings = self.context.settings
        if settings.smtp.url:
            return HealthLine("ok", "mail", "a mail server is set; quantimodo doctor tests it")
        if settings.development:
            return HealthLine("ok", "mail", "none is sent: all is shown at /outbox")
        return HealthLine("fault", "mail", "smtp.url is not set: no person can confirm an address")

    def _address(self) -> HealthLine:
        issuer = self.context.settings.issuer
        if not issuer.startswith("https:"):
            return HealthLine("warning", "address", f"{issuer}: plain http is for development")
        if not self.context.settings.trusted_proxies:
            return HealthLine("warning", "address", "trusted_proxies is not set")
        return HealthLine("ok", "address", issuer)


def _facts(context: AppContext) -> ServerFacts:
    url = context.settings.database
    engine = "PostgreSQL" if sqlite_path(url) is None else "SQLite"
    return ServerFacts(__version__, platform.python_version(), engine, newest_step(url))


@dataclass(frozen=True, slots=True)
class SettingsInForce:
    """The settings in force, as `pages/admin/overview.py` shows them. `environ` names the settings
    file."""

    context: AppContext
    environ: Mapping[str, str]

    async def lines(self) -> Sequence[SettingLine]:
        """Every setting, and where it comes from."""
        in_force = self.context.settings
        stored = await self.context.stores.stored_settings.stored_settings()
        try:
            applied = Applied() if stored is None else opened(stored, self.context.envelope)
            # In a thread, because it reads the settings file.
            loaded = await asyncio.to_thread(load, self.environ, applied.settings())
        except (BadSettings, DecryptionFailed):
            return [SettingLine(*each) for each in shown_settings(in_force, {})]
        # The file, the environment and what is stored may have changed since the start.
        now = shown_settings(loaded.settings, loaded.origins)
        origins = {each.name: each.origin for each in now}
        values = {each.name: each.value for each in now}
        return [
            SettingLine(name, value, origins[name] if values.get(name) == value else "at the start")
            for name, value, _ in shown_settings(in_force, {})
        ]

    async def are_old(self) -> bool:
        """Whether a set-up file has changed those in the database since the start."""
        stored = await self.context.stores.stored_settings.stored_settings()
        revision = 0 if stored is None else stored.revision
        return revision != self.context.settings.set_up_revision
