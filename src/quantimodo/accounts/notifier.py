"""Records events of accounts, and e-mails the person about them."""

from collections.abc import Callable
from dataclasses import dataclass

from quantimodo.accounts.email_templates import EmailTemplates, address_of
from quantimodo.accounts.sessions import printable
from quantimodo.model.events import Event, Mail
from quantimodo.model.users import User
from quantimodo.ports.audit import Audit
from quantimodo.ports.clock import Clock
from quantimodo.ports.mailer import Mailer

_LONGEST_ADDRESS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountNotifier:
    mailer: Mailer
    email_templates: EmailTemplates
    clock: Clock
    audit: Audit

    def record(self, kind: str, user_id: int | None, address: str = "", detail: str = "") -> None:
        """Add an event to the audit trail. `address` is the network address of the request."""
        self.audit.record(
            Event(
                at=self.clock.now(),
                kind=kind,
                user_id=user_id,
                address=printable(address, _LONGEST_ADDRESS),
                detail=detail,
            )
        )

    async def notify(self, user: User, template: Callable[[EmailTemplates, str], Mail]) -> None:
        """Send the e-mail, if the person has an address that receives notifications."""
        address = address_of(user)
        if address is not None:
            await self.mailer.send(template(self.email_templates, address))
