"""Saves the decisions of the consent page, and mails the receipt that a person requests."""

from dataclasses import dataclass

from quantimodo.accounts.emails.consent_notices import ConsentNotifier
from quantimodo.accounts.errors import TooMany
from quantimodo.authorization.consents import Consents
from quantimodo.authorization.interactions import Interaction
from quantimodo.model.clients import Client
from quantimodo.model.consents import Consent
from quantimodo.model.sessions import AuthenticatedSubject
from quantimodo.model.users import User
from quantimodo.pages.account.receipts import SignReceipt, receipt_path
from quantimodo.protocol.authorization import AuthorizationRequest


@dataclass(frozen=True, slots=True)
class ConsentDecisions:
    """`sign` makes a receipt."""

    consents: Consents
    mails: ConsentNotifier
    sign: SignReceipt

    async def give(self, interaction: Interaction, subject: AuthenticatedSubject) -> Consent:
        """The consent that results from *Allow*. Raises `AccessDenied`."""
        request, progress = interaction.request, interaction.progress
        consent = await self.consents.give(request, subject, progress.choice)
        if progress.wants_receipt:
            await self._mail_receipt(request.client, subject.user)
        return consent

    async def save(self, request: AuthorizationRequest, subject: AuthenticatedSubject) -> Consent:
        """Save the consent of a client that shows no consent page."""
        return await self.consents.save(request, subject)

    async def _mail_receipt(self, client: Client, user: User) -> None:
        history = await self.consents.history(user.id, client.id)
        if not history:
            return  # withdrawn meanwhile
        change = history[0]
        receipt = await self.sign(client, user, change)
        try:
            await self.mails.send_receipt(user, receipt_path(client, change), receipt)
        except TooMany:
            return  # the authorization continues; the person can get the receipt in the account
