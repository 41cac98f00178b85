"""Builds the service that signs people in by the accounts of providers."""

from quantimodo.accounts.login import Login
from quantimodo.app.login import LoginDependencies, build_notifier
from quantimodo.federation.social_accounts import SocialAccounts


def build_social_accounts(
    given: LoginDependencies, login: Login, *, sign_up_open: bool
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
        sign_up_open=sign_up_open,
        clock=given.clock,
        entropy=given.entropy,
    )
