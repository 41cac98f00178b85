"""Builds the services of the developer portal: teams, their invitations, and authorization runs."""

from quantimodo.accounts.team_invitations import TeamInvitations
from quantimodo.app.composition.playground import OwnServer, authorization_runs
from quantimodo.app.composition.services import AppContext
from quantimodo.app.composition.teams import teams
from quantimodo.pages.page_services import PortalServices


def portal_services(context: AppContext, own_server: OwnServer) -> PortalServices:
    """The services over an open context."""
    return PortalServices(
        teams=teams(context),
        team_invitations=TeamInvitations(
            store=context.stores.teams,
            users=context.stores.users,
            throttle=context.throttle,
            notifier=context.social.notifier,
            clock=context.clock,
            entropy=context.entropy,
        ),
        runs=authorization_runs(context, own_server),
    )
