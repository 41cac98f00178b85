"""Makes e-mails of accounts from the templates, in the language of the request, and queues them."""

from collections.abc import Callable
from dataclasses import dataclass

from quantimodo.accounts.emails.account_templates import EmailTemplates
from quantimodo.accounts.throttle import Throttle
from quantimodo.model.events import Mail
from quantimodo.ports.mailer import Mailer

Template = Callable[[EmailTemplates], Mail]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEmails:
    templates: EmailTemplates
    mailer: Mailer
    throttle: Throttle

    async def send(self, template: Template, *, address: str | None = None) -> None:
        """Make the e-mail and store it to be sent. With the network `address` of a caller without
        an account, it counts in the storage budget of that network."""
        charge = None if address is None else self.throttle.charge("mails", address)
        await self.mailer.send(template(self.templates), charge)
