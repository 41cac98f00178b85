"""The composition of personal tokens."""

from quantimodo.accounts.email_templates import EmailTemplates
from quantimodo.accounts.notifier import AccountNotifier
from quantimodo.accounts.personal_tokens import PersonalTokens
from quantimodo.app.services import AppContext


def personal_tokens(context: AppContext) -> PersonalTokens:
    """The service over an open context."""
    stores = context.stores
    return PersonalTokens(
        store=stores.personal_tokens,
        second_factors=context.second_factors,
        notifier=AccountNotifier(
            mailer=context.outbox,
            email_templates=EmailTemplates(context.settings.issuer),
            clock=context.clock,
            audit=context.audit,
            profiles=stores.profiles,
        ),
        most=context.settings.accounts.personal_tokens_per_person,
        clock=context.clock,
        entropy=context.entropy,
    )
