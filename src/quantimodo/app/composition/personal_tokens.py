"""Builds the service of personal tokens."""

from quantimodo.accounts.personal_tokens import PersonalTokens
from quantimodo.app.composition.services import AppContext


def personal_tokens(context: AppContext) -> PersonalTokens:
    """The service over an open context."""
    stores = context.stores
    return PersonalTokens(
        store=stores.personal_tokens,
        second_factors=context.second_factors,
        notifier=context.social.notifier,
        most=context.settings.accounts.personal_tokens_per_person,
        clock=context.clock,
        entropy=context.entropy,
    )
