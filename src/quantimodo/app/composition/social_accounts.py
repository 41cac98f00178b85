"""Builds the service that signs people in by the accounts of providers."""

from quantimodo.accounts.login import Login
from quantimodo.app.composition.login import LoginDependencies, build_notifier
from quantimodo.federation.new_accounts import NewAccounts
from quantimodo.federation.social_accounts import SocialAccounts
from quantimodo.model.invitations import SignUpMode


def build_social_accounts(
    given: LoginDependencies, login: Login, sign_up: SignUpMode
) -> SocialAccounts:
    """Construct the service."""
    return SocialAccounts(
        users=given.stores.users,
        store=given.stores.identities,
        login=login,
        throttle=given.throttle,
        notifier=build_notifier(given),
        envelope=given.envelope,
        accepted=given.accepted,
        new_accounts=NewAccounts(
            sign_up, given.stores.invitations, given.stores.identities, given.clock, given.entropy
        ),
        clock=given.clock,
    )
