"""Builds the service that exports everything of one account."""

from dataclasses import dataclass

from quantimodo.accounts.emails.notifier import AccountNotifier
from quantimodo.accounts.second_factors.set_up import SecondFactors
from quantimodo.accounts.throttle import Throttle
from quantimodo.app.composition.services import AppContext
from quantimodo.export.account_files import AccountFiles
from quantimodo.export.application_files import ApplicationFiles
from quantimodo.export.history_files import HistoryFiles
from quantimodo.export.measurement_files import MeasurementFiles
from quantimodo.export.personal_export import PersonalExport
from quantimodo.measurements.read_limits import ReadLimits
from quantimodo.measurements.service import MeasurementService
from quantimodo.ports.clock import Clock
from quantimodo.ports.stores import Stores


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportDependencies:
    """What the service is built from."""

    issuer: str
    stores: Stores
    measurement_service: MeasurementService
    reads: ReadLimits
    second_factors: SecondFactors
    throttle: Throttle
    notifier: AccountNotifier
    clock: Clock


def build_personal_export(given: ExportDependencies) -> PersonalExport:
    """The service, with the files of an export in their order."""
    stores = given.stores
    return PersonalExport(
        issuer=given.issuer,
        sources=(
            AccountFiles(
                users=stores.users,
                profiles=stores.profiles,
                email_choices=stores.email_choices,
                second_factors=stores.second_factors,
                passkeys=stores.passkeys,
                identities=stores.identities,
                sessions=stores.sessions,
                personal_tokens=stores.personal_tokens,
            ),
            ApplicationFiles(stores.authorizations, stores.clients, stores.teams),
            HistoryFiles(
                accesses=stores.accesses,
                events=stores.events,
                clients=stores.clients,
                reads=given.reads,
            ),
            MeasurementFiles(given.measurement_service, given.reads),
        ),
        second_factors=given.second_factors,
        throttle=given.throttle,
        notifier=given.notifier,
        clock=given.clock,
    )


def personal_export(context: AppContext) -> PersonalExport:
    """The service over an open context."""
    return build_personal_export(
        ExportDependencies(
            issuer=context.settings.issuer,
            stores=context.stores,
            measurement_service=context.measurement_service,
            reads=context.reads,
            second_factors=context.second_factors,
            throttle=context.throttle,
            notifier=context.social.notifier,
            clock=context.clock,
        )
    )
