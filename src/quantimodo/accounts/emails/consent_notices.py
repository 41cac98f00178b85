"""E-mails about consents: what was allowed, and receipts."""

from dataclasses import dataclass

from quantimodo.accounts.emails.account_templates import EmailTemplates, address_of
from quantimodo.accounts.emails.notifier import AccountNotifier
from quantimodo.accounts.emails.preferences import EmailPreferences
from quantimodo.accounts.throttle import Throttle
from quantimodo.i18n.client_texts import client_name
from quantimodo.i18n.translation import translated
from quantimodo.model.clients import Client
from quantimodo.model.consents import Consent
from quantimodo.model.events import Mail
from quantimodo.model.texts import N_
from quantimodo.model.users import User
from quantimodo.protocol.resources import Audience, plain_names, split_by_resource
from quantimodo.protocol.scopes import SCOPES, Scope, own_name


@dataclass(frozen=True, slots=True)
class ConsentNotifier:
    """Implements `ConsentNotices`."""

    notifier: AccountNotifier
    throttle: Throttle
    preferences: EmailPreferences

    async def allowed(self, user: User, client: Client, consent: Consent) -> None:
        """Mail what the application may do, to the verified address of the person who wants such
        mails. Above the limit of such mails none is sent."""
        if address_of(user) is None or not (await self.preferences.of(user.id)).application:
            return
        if not await self.throttle.may_notify("application", user.id):
            return

        def allowed(emails: EmailTemplates, to: str) -> Mail:
            own = frozenset(map(own_name, consent.scope))
            foreign = split_by_resource(consent.scope)[1].items()
            may = [translated(text.title) for name, text in SCOPES.items() if name in own]
            may += sorted(_api_line(each) for each in foreign if not each[0].built_in)
            return emails.application_allowed(to, client_name(client), may, client.id)

        await self.notifier.notify(user, allowed)

    async def send_receipt(self, user: User, path: str, receipt: str) -> bool:
        """Mail a receipt to the verified address of the person; False without one. Raises
        `TooMany`."""
        to = address_of(user)
        if to is None:
            return False
        await self.throttle.send_email(to)
        await self.notifier.notify(
            user, lambda emails, to: emails.consent_receipt(to, path, receipt)
        )
        return True


def _api_line(api: tuple[Audience, Scope]) -> str:
    """A registered API by its host, and its scopes by their names."""
    named, scope = api
    use = translated(N_("Use %(name)s", name=named.host))
    names = ", ".join(sorted(plain_names(scope)))
    return f"{use} ({names})" if names else use
