"""Receipts of consents by e-mail."""

from dataclasses import dataclass

from quantimodo.accounts.email_templates import EmailTemplates, address_of
from quantimodo.accounts.throttle import Throttle
from quantimodo.model.users import User
from quantimodo.ports.mailer import Mailer


@dataclass(frozen=True, slots=True)
class ConsentMails:
    mailer: Mailer
    email_templates: EmailTemplates
    throttle: Throttle

    async def send_receipt(self, user: User, path: str, receipt: str) -> bool:
        """Mail a receipt to the verified address of the person; False without one. Raises
        `TooMany`."""
        to = address_of(user)
        if to is None:
            return False
        await self.throttle.send_email(to)
        await self.mailer.send(self.email_templates.consent_receipt(to, path, receipt))
        return True
